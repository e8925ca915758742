package fault

// A Retry says whether the same request may succeed later, as it stands.
type Retry uint8

// What a caller may do about an error.
const (
	Never     Retry = iota // the request or the state must change first
	Later                  // after the time that Retry-After names
	Refreshed              // once, with a new access token
)

// An Entry is one line of the catalogue, from which the documentation is made.
type Entry struct {
	*Error
	Retry Retry
	Tries int // how often it is worth repeating
}

var catalogue []Entry

// Catalogue returns every reason there is, in the order of declaration.
func Catalogue() []Entry { return catalogue }

// Named returns the reason of the catalogue with this code, or nil.
func Named(code string) *Error {
	for _, e := range catalogue {
		if e.Code == code {
			return e.Error
		}
	}
	return nil
}

func reason(kind Kind, code, message string) *Error { return entry(kind, code, message, Never, 0) }

func entry(kind Kind, code, message string, retry Retry, tries int) *Error {
	e := &Error{Kind: kind, Code: code, Message: message}
	catalogue = append(catalogue, Entry{Error: e, Retry: retry, Tries: tries})
	return e
}

// What is wrong with a request before anything is looked up.
var (
	Malformed            = reason(BadRequest, "BAD_REQUEST", "the request cannot be read")
	FieldRequired        = reason(BadRequest, "FIELD_REQUIRED", "a required field is missing")
	FieldInvalid         = reason(BadRequest, "FIELD_INVALID", "a field has the wrong type or form")
	FieldTooLong         = reason(BadRequest, "FIELD_TOO_LONG", "a field is longer than its limit")
	BatchSize            = reason(BadRequest, "BATCH_SIZE", "a list is empty or longer than its limit")
	AmountInvalid        = reason(BadRequest, "AMOUNT_INVALID", "an amount is not a decimal number with the digits of the currency")
	PricesDiffer         = reason(BadRequest, "PRICES_DIFFER", "one token is named with two different prices")
	PageNotAllowed       = reason(BadRequest, "PAGE_NOT_ALLOWED", "baseUrl is not on the organization's list of acceptance pages")
	DistributorUnknown   = reason(BadRequest, "DISTRIBUTOR_UNKNOWN", "distributorCode is not the organization's")
	OwnersMixed          = reason(BadRequest, "OWNERS_MIXED", "the tickets of a transfer belong to more than one owner")
	TransferMismatch     = reason(BadRequest, "TRANSFER_MISMATCH", "externalTransferId was used before with other content")
	RecipientRequired    = reason(BadRequest, "RECIPIENT_REQUIRED", "recipient lacks a field that this transfer needs")
	RecipientMismatch    = reason(BadRequest, "RECIPIENT_MISMATCH", "the transfer is for somebody else")
	TransferNotPending   = reason(BadRequest, "TRANSFER_NOT_PENDING", "the transfer is not pending")
	TokenRepeated        = reason(BadRequest, "TOKEN_REPEATED", "one token stands in two elements")
	OrderRepeated        = reason(BadRequest, "ORDER_REPEATED", "one externalOrderId stands in two elements")
	SellerRequired       = reason(BadRequest, "SELLER_REQUIRED", "the source needs a seller")
	CallbackNotAllowed   = reason(BadRequest, "CALLBACK_NOT_ALLOWED", "asyncCallbackUrl is not one the application may use")
	OrganizationsMixed   = reason(BadRequest, "ORGANIZATIONS_MIXED", "the tokens belong to more than one organization")
	OrganizationRequired = reason(BadRequest, "ORGANIZATION_REQUIRED", "PAC-Organization-ID is missing or not a number")
	DateInvalid          = reason(BadRequest, "DATE_INVALID", "a date is not a day of the calendar in the form YYYY-MM-DD")
	HeaderDuplicate      = reason(BadRequest, "HEADER_DUPLICATE", "a security header is sent twice")
	ParameterRepeated    = reason(BadRequest, "PARAMETER_REPEATED", "a query parameter is given twice")
	PathUnknown          = reason(NotFound, "PATH_UNKNOWN", "there is nothing at this path")
	MethodWrong          = reason(MethodNotAllowed, "METHOD_NOT_ALLOWED", "the path does not take this method")
	AcceptExcludesJSON   = reason(NotAcceptable, "NOT_ACCEPTABLE", "Accept excludes application/json, the only form of the answer")
	BodyTooLarge         = reason(TooLarge, "TOO_LARGE", "the request is larger than its limit")
	BodySlow             = reason(Timeout, "TIMEOUT", "the body did not arrive in time")
	MediaTypeWrong       = reason(UnsupportedMediaType, "MEDIA_TYPE_UNSUPPORTED", "the body must be application/json")
	EncodingUnsupported  = reason(UnsupportedMediaType, "ENCODING_UNSUPPORTED", "the body must not be encoded")
)

// Who is calling.
var (
	AccessTokenRequired = reason(Unauthorized, "AUTH_REQUIRED", "the Authorization header must be Bearer with an access token")
	AccessTokenExpired  = entry(Unauthorized, "TOKEN_EXPIRED", "the access token has expired; refresh it", Refreshed, 1)
	AccessTokenRevoked  = reason(Unauthorized, "TOKEN_REVOKED", "the access token was revoked")
	KeyInvalid          = reason(Unauthorized, "KEY_INVALID", "application id, API key or channel code is missing or unknown")
	NotPermitted        = reason(Forbidden, "NOT_PERMITTED", "access token, application, API key, channel and organization do not belong together")
	GrantInvalid        = reason(BadRequest, "INVALID_GRANT", "the authorization code or refresh token is not valid")
	GrantTypeUnknown    = reason(BadRequest, "UNSUPPORTED_GRANT_TYPE", "grantType is authorization_code or refresh_token")
	GrantMalformed      = reason(BadRequest, "INVALID_REQUEST", "the body needs grantType and code or refreshToken")
	TooManyRequests     = entry(RateLimited, "RATE_LIMITED", "too many requests; wait as Retry-After says", Later, 5)
)

// What the trade refuses.
var (
	OrganizationUnknown = reason(NotFound, "ORGANIZATION_NOT_FOUND", "no such organization")
	EventUnknown        = reason(NotFound, "EVENT_NOT_FOUND", "no such event")
	ResyncRequired      = reason(NotFound, "RESYNC_REQUIRED", "changes after that position are kept no longer; take a snapshot and go on from its position")
	ListingUnknown      = reason(NotFound, "LISTING_NOT_FOUND", "no such listing")
	ManifestUnknown     = reason(NotFound, "MANIFEST_NOT_FOUND", "no such manifest")
	ProcessUnknown      = reason(NotFound, "PROCESS_NOT_FOUND", "no such process")
	DocumentUnknown     = reason(NotFound, "DOCUMENT_NOT_FOUND", "no such ticket page")
	TransferUnknown     = reason(NotFound, "TRANSFER_NOT_FOUND", "no such transfer")
	TokenUnknown        = reason(NotFound, "TOKEN_NOT_FOUND", "no such ticket")
	TokenLocked         = reason(Conflict, "TOKEN_LOCKED", "another channel holds the ticket")
	TokenNotLocked      = reason(Refused, "TOKEN_NOT_LOCKED", "the ticket is not locked by this channel")
	TokenNotAvailable   = reason(Conflict, "TOKEN_NOT_AVAILABLE", "the ticket is in an order, in a transfer, held by the venue or void")
	EventClosed         = reason(Refused, "EVENT_CLOSED", "the event is over, cancelled or off the secondary market")
	BarcodeInvalid      = reason(NotFound, "BARCODE_INVALID", "the barcode is not a current one of the event")
	OrderNotComplete    = reason(Refused, "ORDER_NOT_COMPLETE", "no complete order of this channel holds the ticket for its present owner")
	OrderMismatch       = reason(Refused, "ORDER_MISMATCH", "externalOrderId was used before with other content")
	OrdersApart         = reason(Refused, "ORDERS_APART", "the elements belong to two earlier requests")
	AmountRange         = reason(Refused, "AMOUNT_RANGE", "an amount is negative, above the limit, or amountToSeller is above totalAmountPaid")
	OrderRejected       = reason(Refused, "ORDER_REJECTED", "the organization reviewed the order and rejected it")
	SandboxRefused      = reason(Refused, "SANDBOX_REFUSED", "the sandbox ends orders and transfers of this external id in ERROR")
	SumsDiffer          = reason(Refused, "SUMS_DIFFER", "the organization refuses orders whose sums do not reconcile")
	BuyersMany          = reason(Refused, "BUYERS_MANY", "a cart has one buyer")
	SettlementsMany     = reason(Refused, "SETTLEMENTS_MANY", "a cart has one settlement")
	CurrenciesMixed     = reason(Refused, "CURRENCIES_MIXED", "the tokens of a cart are of two currencies")
	CartMixed           = reason(Refused, "CART_MIXED", "the tokens of a cart belong to more than one organization")
	CodeInvalid         = reason(Refused, "CODE_INVALID", "a code has up to 32 letters, digits, hyphens, underscores or dots")
	NothingDone         = reason(Refused, "NOTHING_DONE", "no element of the request succeeded; errors says why")
	AllInConflict       = reason(Conflict, "ALL_IN_CONFLICT", "every ticket is held by another channel or in an order")
)

// What operators are refused.
var (
	OrderUnknown = reason(NotFound, "ORDER_NOT_FOUND", "no such order")
	OrderDecided = reason(Conflict, "ORDER_DECIDED", "the order was decided before, and not so")

	SubscriptionUnknown = reason(NotFound, "SUBSCRIPTION_NOT_FOUND", "no such subscription")
	SubscriptionRefused = reason(Refused, "SUBSCRIPTION_REFUSED", "the subscription cannot be so")
)

// What is wrong with an Idempotency-Key.
var (
	IdempotencyKeyInvalid = reason(BadRequest, "IDEMPOTENCY_KEY_INVALID", "Idempotency-Key is one string of 1 to 128 printable characters, in quotes or plain")
	IdempotencyKeyReused  = reason(Refused, "IDEMPOTENCY_KEY_REUSED", "the Idempotency-Key was used before for another request")
	IdempotencyKeyInUse   = entry(Conflict, "IDEMPOTENCY_KEY_IN_USE", "the first request with this Idempotency-Key is still running", Later, 5)
)

// What the system cannot do now.
var (
	Busy      = entry(Unavailable, "UNAVAILABLE", "the server is too busy; nothing was done", Later, 5)
	Undecided = entry(Unavailable, "RETRY_SAME_REQUEST", "the outcome is not known yet; send the same request again", Later, 5)
	Stopping  = entry(Unavailable, "STOPPING", "the server is stopping; nothing was done", Later, 5)
	Broken    = reason(Internal, "INTERNAL", "the server failed; the Request-ID leads to the log")
)
