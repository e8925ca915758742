package sqlstore

import (
	"bytes"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
	"pgregory.net/rapid"
)

func TestListsAreEncodedAsTheDriverDoes(t *testing.T) {
	plain := pgtype.NewMap()
	same := func(t *rapid.T, oid uint32, list any) {
		known, ok := plain.TypeForOID(oid)
		if !ok {
			t.Fatalf("the driver knows no type %d", oid)
		}
		want, err := plain.Encode(oid, pgtype.BinaryFormatCode, list, []byte("before"))
		if err != nil {
			t.Fatal(err)
		}
		plan := listCodec{known.Codec}.PlanEncode(plain, oid, pgtype.BinaryFormatCode, list)
		switch plan.(type) {
		case encodeTexts, encodeInts, encodeFlags:
		default:
			t.Fatalf("a %T is left to the driver: %T", list, plan)
		}
		if got, err := plan.Encode(list, []byte("before")); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%v is encoded as %x, %v; the driver writes %x", list, got, err, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		same(t, pgtype.TextArrayOID, rapid.SliceOf(rapid.String()).Draw(t, "texts"))
		same(t, pgtype.Int8ArrayOID, rapid.SliceOf(rapid.Int64()).Draw(t, "integers"))
		same(t, pgtype.BoolArrayOID, rapid.SliceOf(rapid.Bool()).Draw(t, "flags"))
		same(t, pgtype.TextArrayOID, []string(nil))
	})
}
