package link

// A Seller is who lists tickets without MyAccount. The venue finds the account by
// email, else phone, else name and address, or makes one.
type Seller struct {
	LastName     string             `json:"lastName"`
	FirstName    string             `json:"firstName"`
	MiddleName   string             `json:"middleName,omitempty"`
	Address      Many[Address]      `json:"address,omitempty"`
	PhoneNumber  Many[PhoneNumber]  `json:"phoneNumber,omitempty"`
	EmailAddress Many[EmailAddress] `json:"emailAddress,omitempty"`
}

// A Buyer is who gets the tickets of an order.
type Buyer struct {
	FirstName     string       `json:"firstName"`
	MiddleInitial string       `json:"middleInitial,omitempty"`
	LastName      string       `json:"lastName"`
	PhoneNumber   *PhoneNumber `json:"phoneNumber,omitempty"`
	Address       *Address     `json:"address,omitempty"`
	EmailAddress  EmailAddress `json:"emailAddress"`
}

// An Address is a postal address.
type Address struct {
	Address1    string `json:"address1,omitempty"`
	Address2    string `json:"address2,omitempty"`
	Address3    string `json:"address3,omitempty"`
	Address4    string `json:"address4,omitempty"`
	Locality    string `json:"locality,omitempty"`
	Region      string `json:"region,omitempty"`
	PostalCode  string `json:"postalCode,omitempty"`
	CountryCode string `json:"countryCode,omitempty"`
}

// A PhoneNumber is a telephone.
type PhoneNumber struct {
	Number          string `json:"number,omitempty"`
	FormattedNumber string `json:"formattedNumber,omitempty"`
	Extension       string `json:"extension,omitempty"`
	CountryCode     string `json:"countryCode,omitempty"`
}

// An EmailAddress is a mail address, and whether news is welcome there.
type EmailAddress struct {
	Email string `json:"email"`
	OptIn bool   `json:"optIn"`
}
