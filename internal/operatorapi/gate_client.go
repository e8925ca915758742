package operatorapi

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// GateSnapshot asks for every ticket of an event that opens the gate.
func (c *Client) GateSnapshot(ctx context.Context, event string) (s Snapshot, err error) {
	err = c.call(ctx, http.MethodGet, gateSnapshotPath+"?"+url.Values{"event": {event}}.Encode(), nil, &s)
	return s, err
}

// GateChanges asks which tickets of an event changed after a position of an epoch.
func (c *Client) GateChanges(ctx context.Context, event string, epoch, after int64) (f Feed, err error) {
	query := url.Values{"event": {event}, "epoch": {strconv.FormatInt(epoch, 10)}, "after": {strconv.FormatInt(after, 10)}}
	err = c.call(ctx, http.MethodGet, gateChangesPath+"?"+query.Encode(), nil, &f)
	return f, err
}

// GateVerify lets a ticket in, once, or says why not.
func (c *Client) GateVerify(ctx context.Context, event string, scan GateScan) (v GateVerdict, err error) {
	err = c.call(ctx, http.MethodPost, gateVerifyPath, verifyRequest{event, scan}, &v)
	return v, err
}

// GateUndo takes a scan back.
func (c *Client) GateUndo(ctx context.Context, event, scan string) (v GateVerdict, err error) {
	err = c.call(ctx, http.MethodPost, gateUndoPath, undoRequest{event, scan}, &v)
	return v, err
}

// GateMerge hands in scans that were made offline.
func (c *Client) GateMerge(ctx context.Context, event string, scans []GateScan) (m Merged, err error) {
	err = c.call(ctx, http.MethodPost, gateMergePath, mergeRequest{event, scans}, &m)
	return m, err
}

// GateStatus asks how an event's gates stand.
func (c *Client) GateStatus(ctx context.Context, event string) (s GateStatus, err error) {
	err = c.call(ctx, http.MethodGet, gateStatusPath+"?"+url.Values{"event": {event}}.Encode(), nil, &s)
	return s, err
}

// NewGateKey issues the key of a scanner, whose secret is told this once.
func (c *Client) NewGateKey(ctx context.Context, organization int64, name string, events []string) (k GateKey, err error) {
	err = c.call(ctx, http.MethodPost, gateKeyPath, gateKeyRequest{organization, name, events}, &k)
	return k, err
}

// GateKeys lists the keys of scanners.
func (c *Client) GateKeys(ctx context.Context) (list GateKeyList, err error) {
	err = c.call(ctx, http.MethodGet, gateKeysPath, nil, &list)
	return list, err
}

// RevokeGateKey ends the key of a scanner.
func (c *Client) RevokeGateKey(ctx context.Context, id string) (list GateKeyList, err error) {
	err = c.call(ctx, http.MethodPost, revokeGateKeyPath, gateKeyName{id}, &list)
	return list, err
}
