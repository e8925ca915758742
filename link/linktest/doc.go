// Package linktest helps to test the subscriber's side of the Link API without
// an account anywhere.
//
// SNS is a small Amazon SNS on this machine. It speaks the Query protocol, so the
// AWS SDKs talk to it when they are given its URL as their endpoint, and delivers
// by HTTP as the real one does: a SubscriptionConfirmation first, messages with
// their signature or raw, a password only after it was asked for. What the real
// one does seldom, a test can order: entries of a batch that fail, throttling,
// answers that are lost, deliveries out of order.
//
// It promises no more than the real one: a standard topic may deliver in any
// order, a delivery that met 400 to 499 is over, one that met 500 or nobody is
// tried again a few times, and FIFO topics deliver to no HTTP endpoint.
package linktest
