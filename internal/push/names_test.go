package push

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
)

// A zone answers which addresses a name has now, maybe by another name.
type zone func(name string) (alias string, addresses []netip.Addr)

// resolver asks the zone, by the protocol of name servers.
func (z zone) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go z.serve(theirs)
		return ours, nil
	}}
}

const (
	typeA     = 1
	typeCNAME = 5
	typeAAAA  = 28
)

// serve answers the queries of one connection, each with its length before it.
func (z zone) serve(conn net.Conn) {
	defer conn.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, query); err != nil {
			return
		}
		reply := z.answer(query)
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil {
			return
		}
	}
}

func (z zone) answer(query []byte) []byte {
	const header = 12
	var labels []string
	end := header
	for query[end] != 0 {
		next := end + 1 + int(query[end])
		labels = append(labels, string(query[end+1:next]))
		end = next
	}
	kind := binary.BigEndian.Uint16(query[end+1:])
	question := query[header : end+5]
	alias, addresses := z(strings.Join(labels, "."))

	name := []byte{0xc0, header} // the name of the question
	var records []byte
	count := uint16(0)
	record := func(kind uint16, data []byte) {
		count++
		records = append(records, name...)
		records = binary.BigEndian.AppendUint16(records, kind)
		records = append(records, 0, 1, 0, 0, 0, 0) // of the internet, good for no second
		records = binary.BigEndian.AppendUint16(records, uint16(len(data)))
		records = append(records, data...)
	}
	if alias != "" {
		var target []byte
		for label := range strings.SplitSeq(alias, ".") {
			target = append(append(target, byte(len(label))), label...)
		}
		target = append(target, 0)
		record(typeCNAME, target)
		name = target
	}
	for _, a := range addresses {
		if a.Is4() && kind == typeA || a.Is6() && kind == typeAAAA {
			record(kind, a.AsSlice())
		}
	}
	reply := append([]byte{query[0], query[1], 0x84, 0, 0, 1}, byte(count>>8), byte(count), 0, 0, 0, 0)
	return append(append(reply, question...), records...)
}
