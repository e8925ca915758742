package sqlstore

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// Rows reach PostgreSQL as an array a column. The driver's own encoding boxes each
// element by itself; these write the whole list (PostgreSQL's binary format of
// arrays: array_recv in its arrayfuncs.c).

// teach has a connection encode lists of texts, integers and flags so.
func teach(conn *pgx.Conn) {
	known := conn.TypeMap()
	for _, oid := range []uint32{pgtype.TextArrayOID, pgtype.Int8ArrayOID, pgtype.BoolArrayOID} {
		if t, ok := known.TypeForOID(oid); ok {
			known.RegisterType(&pgtype.Type{Name: t.Name, OID: oid, Codec: listCodec{t.Codec}})
		}
	}
}

// A listCodec is the driver's, but for how our lists are encoded.
type listCodec struct{ pgtype.Codec }

// PlanEncode is pgtype.Codec's.
func (c listCodec) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if format == pgtype.BinaryFormatCode {
		switch value.(type) {
		case []string:
			if oid == pgtype.TextArrayOID {
				return encodeTexts{}
			}
		case []int64:
			if oid == pgtype.Int8ArrayOID {
				return encodeInts{}
			}
		case []bool:
			if oid == pgtype.BoolArrayOID {
				return encodeFlags{}
			}
		}
	}
	return c.Codec.PlanEncode(m, oid, format, value)
}

type (
	encodeTexts struct{}
	encodeInts  struct{}
	encodeFlags struct{}
)

// Encode is pgtype.EncodePlan's.
func (encodeTexts) Encode(value any, b []byte) ([]byte, error) {
	list := value.([]string)
	if list == nil {
		return nil, nil
	}
	bytes := 0
	for _, s := range list {
		bytes += 4 + len(s)
	}
	b = appendArray(slices.Grow(b, arrayHead+bytes), pgtype.TextOID, len(list))
	for _, s := range list {
		b = append(binary.BigEndian.AppendUint32(b, size(len(s))), s...)
	}
	return b, nil
}

// Encode is pgtype.EncodePlan's.
func (encodeInts) Encode(value any, b []byte) ([]byte, error) {
	list := value.([]int64)
	if list == nil {
		return nil, nil
	}
	b = appendArray(slices.Grow(b, arrayHead+12*len(list)), pgtype.Int8OID, len(list))
	for _, n := range list {
		b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(b, 8), uint64(n))
	}
	return b, nil
}

// Encode is pgtype.EncodePlan's.
func (encodeFlags) Encode(value any, b []byte) ([]byte, error) {
	list := value.([]bool)
	if list == nil {
		return nil, nil
	}
	b = appendArray(slices.Grow(b, arrayHead+5*len(list)), pgtype.BoolOID, len(list))
	for _, flag := range list {
		b = append(binary.BigEndian.AppendUint32(b, 1), 0)
		if flag {
			b[len(b)-1] = 1
		}
	}
	return b, nil
}

// arrayHead is how long appendArray's part is at most.
const arrayHead = 20

// appendArray begins an array of one dimension, which counts from 1 and has no NULL.
func appendArray(b []byte, element uint32, n int) []byte {
	for _, head := range [...]uint32{1, 0, element, size(n), 1} {
		b = binary.BigEndian.AppendUint32(b, head)
	}
	return b
}

func size(n int) uint32 {
	if n > math.MaxInt32 {
		panic("an array of two billion") // batches and bodies are bounded far below
	}
	return uint32(n)
}
