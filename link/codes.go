package link

// A Type is the kind of an error: what a program does differently.
type Type string

// The types there are.
const (
	TypeBadRequest           Type = "BAD_REQUEST"
	TypeNotFound             Type = "NOT_FOUND"
	TypeMethodNotAllowed     Type = "METHOD_NOT_ALLOWED"
	TypeNotAcceptable        Type = "NOT_ACCEPTABLE"
	TypeTooLarge             Type = "TOO_LARGE"
	TypeTimeout              Type = "TIMEOUT"
	TypeUnsupportedMediaType Type = "UNSUPPORTED_MEDIA_TYPE"
	TypeUnauthorized         Type = "UNAUTHORIZED"
	TypeForbidden            Type = "FORBIDDEN"
	TypeRateLimited          Type = "RATE_LIMITED"
	TypeConflict             Type = "CONFLICT"
	TypeRefused              Type = "REFUSED"
	TypeUnavailable          Type = "UNAVAILABLE"
	TypeInternalError        Type = "INTERNAL_ERROR"
)

// A Code is the fine word of an error.
type Code string

// The codes of the catalogue. A server may know more.
const (
	CodeBadRequest            Code = "BAD_REQUEST"             // the request cannot be read
	CodeFieldRequired         Code = "FIELD_REQUIRED"          // a required field is missing
	CodeFieldInvalid          Code = "FIELD_INVALID"           // a field has the wrong type or form
	CodeFieldTooLong          Code = "FIELD_TOO_LONG"          // a field is longer than its limit
	CodeBatchSize             Code = "BATCH_SIZE"              // a list is empty or longer than its limit
	CodeAmountInvalid         Code = "AMOUNT_INVALID"          // an amount is not a decimal number with the digits of the currency
	CodePricesDiffer          Code = "PRICES_DIFFER"           // one token is named with two different prices
	CodePageNotAllowed        Code = "PAGE_NOT_ALLOWED"        // baseUrl is not on the organization's list of acceptance pages
	CodeDistributorUnknown    Code = "DISTRIBUTOR_UNKNOWN"     // distributorCode is not the organization's
	CodeOwnersMixed           Code = "OWNERS_MIXED"            // the tickets of a transfer belong to more than one owner
	CodeTransferMismatch      Code = "TRANSFER_MISMATCH"       // externalTransferId was used before with other content
	CodeRecipientRequired     Code = "RECIPIENT_REQUIRED"      // recipient lacks a field that this transfer needs
	CodeRecipientMismatch     Code = "RECIPIENT_MISMATCH"      // the transfer is for somebody else
	CodeTransferNotPending    Code = "TRANSFER_NOT_PENDING"    // the transfer is not pending
	CodeTokenRepeated         Code = "TOKEN_REPEATED"          // one token stands in two elements
	CodeOrderRepeated         Code = "ORDER_REPEATED"          // one externalOrderId stands in two elements
	CodeSellerRequired        Code = "SELLER_REQUIRED"         // the source needs a seller
	CodeCallbackNotAllowed    Code = "CALLBACK_NOT_ALLOWED"    // asyncCallbackUrl is not one the application may use
	CodeOrganizationsMixed    Code = "ORGANIZATIONS_MIXED"     // the tokens belong to more than one organization
	CodeOrganizationRequired  Code = "ORGANIZATION_REQUIRED"   // PAC-Organization-ID is missing or not a number
	CodeDateInvalid           Code = "DATE_INVALID"            // a date is not a day of the calendar in the form YYYY-MM-DD
	CodeHeaderDuplicate       Code = "HEADER_DUPLICATE"        // a security header is sent twice
	CodeParameterRepeated     Code = "PARAMETER_REPEATED"      // a query parameter is given twice
	CodePathUnknown           Code = "PATH_UNKNOWN"            // there is nothing at this path
	CodeMethodNotAllowed      Code = "METHOD_NOT_ALLOWED"      // the path does not take this method
	CodeNotAcceptable         Code = "NOT_ACCEPTABLE"          // Accept excludes application/json, the only form of the answer
	CodeTooLarge              Code = "TOO_LARGE"               // the request is larger than its limit
	CodeTimeout               Code = "TIMEOUT"                 // the body did not arrive in time
	CodeMediaTypeUnsupported  Code = "MEDIA_TYPE_UNSUPPORTED"  // the body must be application/json
	CodeEncodingUnsupported   Code = "ENCODING_UNSUPPORTED"    // the body must not be encoded
	CodeAuthRequired          Code = "AUTH_REQUIRED"           // the Authorization header must be Bearer with an access token
	CodeTokenExpired          Code = "TOKEN_EXPIRED"           // the access token has expired; refresh it
	CodeTokenRevoked          Code = "TOKEN_REVOKED"           // the access token was revoked
	CodeKeyInvalid            Code = "KEY_INVALID"             // application id, API key or channel code is missing or unknown
	CodeNotPermitted          Code = "NOT_PERMITTED"           // access token, application, API key, channel and organization do not belong together
	CodeInvalidGrant          Code = "INVALID_GRANT"           // the authorization code or refresh token is not valid
	CodeUnsupportedGrantType  Code = "UNSUPPORTED_GRANT_TYPE"  // grantType is authorization_code or refresh_token
	CodeInvalidRequest        Code = "INVALID_REQUEST"         // the body needs grantType and code or refreshToken
	CodeRateLimited           Code = "RATE_LIMITED"            // too many requests; wait as Retry-After says
	CodeOrganizationNotFound  Code = "ORGANIZATION_NOT_FOUND"  // no such organization
	CodeEventNotFound         Code = "EVENT_NOT_FOUND"         // no such event
	CodeResyncRequired        Code = "RESYNC_REQUIRED"         // changes after that position are kept no longer; take a snapshot and go on from its position
	CodeListingNotFound       Code = "LISTING_NOT_FOUND"       // no such listing
	CodeManifestNotFound      Code = "MANIFEST_NOT_FOUND"      // no such manifest
	CodeProcessNotFound       Code = "PROCESS_NOT_FOUND"       // no such process
	CodeDocumentNotFound      Code = "DOCUMENT_NOT_FOUND"      // no such ticket page
	CodeTransferNotFound      Code = "TRANSFER_NOT_FOUND"      // no such transfer
	CodeTokenNotFound         Code = "TOKEN_NOT_FOUND"         // no such ticket
	CodeTokenLocked           Code = "TOKEN_LOCKED"            // another channel holds the ticket
	CodeTokenNotLocked        Code = "TOKEN_NOT_LOCKED"        // the ticket is not locked by this channel
	CodeTokenNotAvailable     Code = "TOKEN_NOT_AVAILABLE"     // the ticket is in an order, in a transfer, held by the venue or void
	CodeEventClosed           Code = "EVENT_CLOSED"            // the event is over, cancelled or off the secondary market
	CodeBarcodeInvalid        Code = "BARCODE_INVALID"         // the barcode is not a current one of the event
	CodeOrderNotComplete      Code = "ORDER_NOT_COMPLETE"      // no complete order of this channel holds the ticket for its present owner
	CodeOrderMismatch         Code = "ORDER_MISMATCH"          // externalOrderId was used before with other content
	CodeOrdersApart           Code = "ORDERS_APART"            // the elements belong to two earlier requests
	CodeAmountRange           Code = "AMOUNT_RANGE"            // an amount is negative, above the limit, or amountToSeller is above totalAmountPaid
	CodeOrderRejected         Code = "ORDER_REJECTED"          // the organization reviewed the order and rejected it
	CodeSandboxRefused        Code = "SANDBOX_REFUSED"         // the sandbox ends orders and transfers of this external id in ERROR
	CodeSumsDiffer            Code = "SUMS_DIFFER"             // the organization refuses orders whose sums do not reconcile
	CodeBuyersMany            Code = "BUYERS_MANY"             // a cart has one buyer
	CodeSettlementsMany       Code = "SETTLEMENTS_MANY"        // a cart has one settlement
	CodeCurrenciesMixed       Code = "CURRENCIES_MIXED"        // the tokens of a cart are of two currencies
	CodeCartMixed             Code = "CART_MIXED"              // the tokens of a cart belong to more than one organization
	CodeCodeInvalid           Code = "CODE_INVALID"            // a code has up to 32 letters, digits, hyphens, underscores or dots
	CodeNothingDone           Code = "NOTHING_DONE"            // no element of the request succeeded; errors says why
	CodeAllInConflict         Code = "ALL_IN_CONFLICT"         // every ticket is held by another channel or in an order
	CodeOrderNotFound         Code = "ORDER_NOT_FOUND"         // no such order
	CodeOrderDecided          Code = "ORDER_DECIDED"           // the order was decided before, and not so
	CodeSubscriptionNotFound  Code = "SUBSCRIPTION_NOT_FOUND"  // no such subscription
	CodeSubscriptionRefused   Code = "SUBSCRIPTION_REFUSED"    // the subscription cannot be so
	CodeIdempotencyKeyInvalid Code = "IDEMPOTENCY_KEY_INVALID" // Idempotency-Key is one string of 1 to 128 printable characters, in quotes or plain
	CodeIdempotencyKeyReused  Code = "IDEMPOTENCY_KEY_REUSED"  // the Idempotency-Key was used before for another request
	CodeIdempotencyKeyInUse   Code = "IDEMPOTENCY_KEY_IN_USE"  // the first request with this Idempotency-Key is still running
	CodeUnavailable           Code = "UNAVAILABLE"             // the server is too busy; nothing was done
	CodeRetrySameRequest      Code = "RETRY_SAME_REQUEST"      // the outcome is not known yet; send the same request again
	CodeStopping              Code = "STOPPING"                // the server is stopping; nothing was done
	CodeInternal              Code = "INTERNAL"                // the server failed; the Request-ID leads to the log
)
