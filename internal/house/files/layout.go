package files

// What an organization's folder has. Only these files are read, and a file that is
// none of them is a mistake that is told.
const (
	organizationFile = "organization.json"
	manifestFolder   = "manifests" // a file for each configuration
	ticketFolder     = "tickets"   // instead of tickets.csv, or beside it
	compressed       = ".gz"       // may follow any .csv
)

// A Table is a CSV file with its columns.
type Table struct {
	Name     string // of the file, without .csv
	Optional bool   // the file may be missing
	Says     string
	Columns  []Column
}

// A Column of a table.
type Column struct {
	Name     string
	Required bool   // it must be there, and no row may leave it empty
	Says     string // what it holds
}

// Tables are the tables of a house, in the order in which they are read.
func Tables() []Table { return []Table{seasons, events, patrons, tickets, listings} }

const (
	seasonCode = iota
	seasonName
)

var seasons = Table{Name: "seasons", Says: "One line for each season.", Columns: []Column{
	{"code", true, "code: up to 32 letters, digits, `-`, `_`, `.`"},
	{"name", false, "text, such as `Football 2026`"},
}}

const (
	eventSeason = iota
	eventItem
	eventBasis
	eventName
	eventItemName
	eventInternetName
	eventStart
	eventEnd
	eventFacility
	eventFacilityName
	eventConfiguration
	eventAssociations
	eventPriceTypes
	eventSecondary
	eventCancelled
)

var events = Table{Name: "events", Says: "One line for each item of the catalog: games, parking, packages, donations.", Columns: []Column{
	{"season", true, "a code of seasons.csv"},
	{"item", true, "code; the accessId is `ORGANIZATION:SEASON:ITEM`"},
	{"basis", true, "`SINGLE`, `COMBO`, `MISCELLANEOUS`, `DONATION` or `GIFT_CERTIFICATE`; only a SINGLE has tickets"},
	{"name", true, "text, the event's name"},
	{"item_name", false, "text, the item's name"},
	{"internet_name", false, "text; the first there is of internet_name, item_name and name is shown"},
	{"start", false, "an instant with its offset, `2026-10-03T14:30:00-05:00` or `…Z`; or a day at the venue, `2026-10-03`, when the time is to be announced (`2026-10-03 TBD` is the same); or nothing"},
	{"end", false, "the same"},
	{"facility", false, "code; R where there are tickets"},
	{"facility_name", false, "text; nothing is the name in the facility's manifest"},
	{"configuration", false, "code, with the facility the name of a manifest; R where there are tickets"},
	{"associations", false, "`PARKING=999:F26:F01 999:F26:F02`: a type and accessIds of this file; several are separated by `;`"},
	{"price_types", false, "`A=Adult; S=Season`: codes and names"},
	{"secondary", false, "`yes` or `no`: its tickets may be sold again; nothing is yes"},
	{"cancelled", false, "`yes` or `no`; nothing is no"},
}}

const (
	patronID = iota
	patronFirst
	patronMiddle
	patronLast
	patronEmail
	patronOptIn
	patronPhone
	patronPhoneFormatted
	patronPhoneExtension
	patronPhoneCountry
	patronAddress1
	patronAddress2
	patronAddress3
	patronAddress4
	patronLocality
	patronRegion
	patronPostalCode
	patronCountry
	patronMore
	patronSince
	patronFindable
	patronPasswordHash
)

var patrons = Table{Name: "patrons", Optional: true, Says: "One line for each account, the box office's own among them. These are personal data.", Columns: []Column{
	{"id", true, "up to 64 letters, digits, `-`, `_`, `.`"},
	{"first_name", false, "text, up to 128 characters, any script"},
	{"middle_name", false, "the same"},
	{"last_name", false, "the same"},
	{"email", false, "text; families may share one, and a patron may have none"},
	{"opt_in", false, "`yes` or `no`: advertising may be sent there; nothing is no"},
	{"phone", false, "text, as it is dialled"},
	{"phone_formatted", false, "text, as it is written"},
	{"phone_extension", false, "text"},
	{"phone_country", false, "text"},
	{"address1", false, "text, up to 256 characters"},
	{"address2", false, "the same"},
	{"address3", false, "the same"},
	{"address4", false, "the same"},
	{"locality", false, "text"},
	{"region", false, "text"},
	{"postal_code", false, "text"},
	{"country", false, "text"},
	{"more", false, "further `emails`, `phones` and `addresses` as a JSON object"},
	{"since", false, "an instant: of two accounts of one person the older is found; nothing is older than all"},
	{"findable", false, "`yes` or `no`: a buyer or seller of these contacts is this account; no for the box office; nothing is yes"},
	{"password_hash", false, "an argon2id hash, for those who can sign in"},
}}

const (
	ticketToken = iota
	ticketEvent
	ticketSection
	ticketRow
	ticketSeat
	ticketOwner
	ticketBarcode
	ticketSeating
	ticketAssociation
	ticketAttributes
	ticketPriceLevel
	ticketPriceType
	ticketFace
	ticketVoid
	ticketHeld
)

var tickets = Table{Name: "tickets", Optional: true, Says: "One line for each ticket, unsold ones too; best in the order of event, section, row and seat. `tickets/*.csv` are read besides, in the order of their names.", Columns: []Column{
	{"token", true, "up to 64 printable ASCII characters, unique in the installation"},
	{"event", true, "the accessId of a SINGLE of events.csv"},
	{"section", true, "`LEVEL:SECTION`, as the manifest has it; up to 64 characters"},
	{"row", false, "as the manifest has it; general admission has `GA` where it is nothing"},
	{"seat", false, "as the manifest has it; general admission is counted 1, 2, 3… within the section where it is nothing"},
	{"owner", true, "an id of patrons.csv"},
	{"barcode", true, "up to 64 printable ASCII characters, unique within the event"},
	{"seating", false, "`RESERVED` or `GA`; nothing is RESERVED"},
	{"association", false, "code, such as `VIP`"},
	{"attributes", false, "codes separated by `;`, such as `ADA`"},
	{"price_level", false, "a whole number"},
	{"price_type", false, "a code of the event's price_types"},
	{"face", false, "what it first cost, `104.50`, in the organization's currency and its digits"},
	{"void", false, "`yes` or `no`: it opens nothing any more, and its seat may have another ticket; nothing is no"},
	{"held", false, "who of the venue keeps it back; nothing is nobody"},
}}

const (
	listingID = iota
	listingChannel
	listingPatron
	listingTokens
	listingCreated
	listingExpires
)

var listings = Table{Name: "listings", Optional: true, Says: "One line for each listing that waits for a partner.", Columns: []Column{
	{"id", true, "up to 64 letters, digits, `-`, `_`, `.`"},
	{"channel", true, "the partner's channel code"},
	{"patron", true, "an id of patrons.csv"},
	{"tokens", true, "tokens of tickets.csv, separated by `;`"},
	{"created", true, "an instant"},
	{"expires", true, "an instant"},
}}
