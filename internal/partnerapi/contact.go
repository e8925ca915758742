package partnerapi

import (
	"cmp"
	"fmt"

	"github.com/seatlink/seatlink/internal/boxoffice"
	"github.com/seatlink/seatlink/internal/fault"
)

// A contactRequest is a seller or a buyer. What is required must be there, but
// may be empty: contact fields are checked for length only (contract.md §1,
// Strictness).
type contactRequest struct {
	FirstName     *string                   `json:"firstname"`
	MiddleName    string                    `json:"middlename"`    // of a seller
	MiddleInitial string                    `json:"middleinitial"` // of a buyer
	LastName      *string                   `json:"lastname"`
	Address       oneOrMany[addressRequest] `json:"address"`
	PhoneNumber   oneOrMany[phoneRequest]   `json:"phonenumber"`
	EmailAddress  oneOrMany[emailRequest]   `json:"emailaddress"`
}

type addressRequest struct {
	Address1    string `json:"address1"`
	Address2    string `json:"address2"`
	Address3    string `json:"address3"`
	Address4    string `json:"address4"`
	Locality    string `json:"locality"`
	Region      string `json:"region"`
	PostalCode  string `json:"postalcode"`
	CountryCode string `json:"countrycode"`
}

type phoneRequest struct {
	Number          string `json:"number"`
	FormattedNumber string `json:"formattednumber"`
	Extension       string `json:"extension"`
	CountryCode     string `json:"countrycode"`
}

type emailRequest struct {
	Email *string `json:"email"`
	OptIn bool    `json:"optin"`
}

// sellerOf reads a seller.
func sellerOf(c contactRequest) (boxoffice.Contact, error) { return contactOf(c, "seller") }

// buyerOf reads a buyer, who must have an email field.
func buyerOf(c contactRequest) (boxoffice.Contact, error) {
	const path = "buyer[0]"
	if len(c.EmailAddress) == 0 {
		return boxoffice.Contact{}, named(fault.FieldRequired, path+".emailAddress")
	}
	for _, e := range c.EmailAddress {
		if e.Email == nil {
			return boxoffice.Contact{}, named(fault.FieldRequired, path+".emailAddress.email")
		}
	}
	return contactOf(c, path)
}

func contactOf(c contactRequest, path string) (boxoffice.Contact, error) {
	under := func(field string) string { return path + "." + field }
	err := first(present(c.FirstName, under, "firstName"), present(c.LastName, under, "lastName"))
	if err != nil {
		return boxoffice.Contact{}, err
	}
	contact := boxoffice.Contact{
		FirstName: *c.FirstName, LastName: *c.LastName, MiddleName: cmp.Or(c.MiddleName, c.MiddleInitial),
	}
	err = first(
		withinCharacters(contact.FirstName, maxName, under, "firstName"),
		withinCharacters(c.MiddleName, maxName, under, "middleName"),
		withinCharacters(c.MiddleInitial, maxName, under, "middleInitial"),
		withinCharacters(contact.LastName, maxName, under, "lastName"))
	if err != nil {
		return boxoffice.Contact{}, err
	}
	for i, a := range c.Address {
		address, err := addressOf(a, func(field string) string { return fmt.Sprintf("%s.address[%d].%s", path, i, field) })
		if err != nil {
			return boxoffice.Contact{}, err
		}
		if a != (addressRequest{}) {
			contact.Addresses = append(contact.Addresses, address)
		}
	}
	for i, p := range c.PhoneNumber {
		under := func(field string) string { return fmt.Sprintf("%s.phoneNumber[%d].%s", path, i, field) }
		err := first(
			within(p.Number, maxString, under, "number"),
			within(p.FormattedNumber, maxString, under, "formattedNumber"),
			within(p.Extension, maxString, under, "extension"),
			within(p.CountryCode, maxString, under, "countryCode"))
		if err != nil {
			return boxoffice.Contact{}, err
		}
		if p != (phoneRequest{}) {
			contact.Phones = append(contact.Phones, boxoffice.Phone{
				Number: p.Number, Formatted: p.FormattedNumber, Extension: p.Extension, CountryCode: p.CountryCode,
			})
		}
	}
	for i, e := range c.EmailAddress {
		if e.Email == nil {
			continue
		}
		under := func(field string) string { return fmt.Sprintf("%s.emailAddress[%d].%s", path, i, field) }
		if err := within(*e.Email, maxString, under, "email"); err != nil {
			return boxoffice.Contact{}, err
		}
		contact.Emails = append(contact.Emails, boxoffice.Email{Address: *e.Email, OptIn: e.OptIn})
	}
	return contact, nil
}

func addressOf(a addressRequest, under at) (boxoffice.Address, error) {
	err := first(
		withinCharacters(a.Address1, maxAddressLine, under, "address1"),
		withinCharacters(a.Address2, maxAddressLine, under, "address2"),
		withinCharacters(a.Address3, maxAddressLine, under, "address3"),
		withinCharacters(a.Address4, maxAddressLine, under, "address4"),
		within(a.Locality, maxString, under, "locality"),
		within(a.Region, maxString, under, "region"),
		within(a.PostalCode, maxString, under, "postalCode"),
		within(a.CountryCode, maxString, under, "countryCode"))
	address := boxoffice.Address{Locality: a.Locality, Region: a.Region, PostalCode: a.PostalCode, CountryCode: a.CountryCode}
	lines := []string{a.Address1, a.Address2, a.Address3, a.Address4}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	address.Lines = lines
	return address, err
}
