// Package push is the door out: what this system sends to other people's
// machines, unasked, goes through it.
//
// A Door dials only addresses that belong to the public internet, judged when
// they are dialled, so neither a name nor a redirect leads anybody's request
// into the house's own network (guard.go). What could not be delivered is tried
// again for three days (schedule.go). A Courier delivers the callbacks of orders
// that were PENDING (callback.go).
//
// A Postman sends the mails that tell the parties of a transfer what happened to it
// (mail.go, letter.go), by SMTP or into a folder. A mail is one recipient's, has
// no line that a name could have written, and nobody gets more than 20 an hour,
// from all processes together. It is tried for a day. The operator chose the mail
// server, so the Door's guard does not stand before it.
//
// A subscription is a cursor over the journal. What a subscriber hears of a seat
// is a function of two successive states (speech.go); rows become messages
// (message.go) that a Relay sends, one in flight for each subscription (relay.go,
// service.go), and the cursor follows what was received. A crash in between sends
// again, which is harmless: as one relay at a time serves a subscription, an older
// state never overtakes a newer one. All relays of a process share one reader of
// the journal (tail.go). A message goes to an endpoint (webhook.go), or to a topic
// of Amazon SNS, where each of its seats is an entry (sns.go).
package push
