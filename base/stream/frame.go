package stream

import (
	"encoding/binary"
	"errors"
	"fmt"

	"lanzha"
)

// A frame is one message of JetStream: the entries that share a sync of the
// disk, and therefore all of them or none. It is
//
//	0xE7            what tells a frame from a message of somebody else
//	1               version
//	8 bytes         writer, random
//	8 bytes         number of the frame among the writer's, from 1
//	8 bytes         at, in microseconds
//	entries         kind (0 data, 1 claim), length as uvarint, bytes
//
// with big-endian integers. The last entry of message n stands at place n*1024,
// those before it at the places below: so the end of the log is known without
// reading its last message, and a frame holds 1,024 entries at most.
const (
	frameMagic   = 0xE7
	frameVersion = 1
	frameHeader  = 2 + 8 + 8 + 8
	frameShift   = 10
	frameEntries = 1 << frameShift
	// entryHeader is the most that stands before the bytes of an entry.
	entryHeader = 1 + 3
)

const (
	kindData  = 0
	kindClaim = 1
)

// end is the place of the last entry of a message of the stream.
func end(message uint64) Seq { return Seq(message) << frameShift }

// message is the message of the stream that holds a place.
func message(s Seq) uint64 { return (uint64(s) + frameEntries - 1) >> frameShift }

type mark struct {
	writer uint64
	number uint64
	at     lanzha.Micros
}

func (m mark) appendTo(dst []byte) []byte {
	dst = append(dst, frameMagic, frameVersion)
	dst = binary.BigEndian.AppendUint64(dst, m.writer)
	dst = binary.BigEndian.AppendUint64(dst, m.number)
	return binary.BigEndian.AppendUint64(dst, uint64(m.at))
}

func appendEntry(dst []byte, kind byte, data []byte) []byte {
	dst = append(dst, kind)
	dst = binary.AppendUvarint(dst, uint64(len(data)))
	return append(dst, data...)
}

var errForeign = errors.New("not a frame of the event log")

// parseMark reads the beginning of a frame. errForeign is a message that
// somebody else published on the log's subject.
func parseMark(data []byte) (mark, error) {
	if len(data) < frameHeader || data[0] != frameMagic {
		return mark{}, errForeign
	}
	if data[1] != frameVersion {
		return mark{}, fmt.Errorf("the event log was written by a later version (frame %d)", data[1])
	}
	return mark{
		writer: binary.BigEndian.Uint64(data[2:]),
		number: binary.BigEndian.Uint64(data[10:]),
		at:     lanzha.Micros(binary.BigEndian.Uint64(data[18:])),
	}, nil
}

// entries appends the entries of a message's frame to dst.
func entries(dst []Entry, n uint64, data []byte) ([]Entry, error) {
	m, err := parseMark(data)
	if err != nil {
		return dst, err
	}
	first := len(dst)
	for data = data[frameHeader:]; len(data) > 0; {
		kind := data[0]
		size, used := binary.Uvarint(data[1:])
		if used <= 0 || kind > kindClaim || size > uint64(len(data)-1-used) {
			return dst[:first], errors.New("a frame of the event log is damaged")
		}
		body := data[1+used : 1+used+int(size) : 1+used+int(size)]
		data = data[1+used+int(size):]
		e := Entry{At: m.at}
		if kind == kindClaim {
			e.Claim = string(body)
		} else {
			e.Data = body
		}
		dst = append(dst, e)
	}
	count := len(dst) - first
	if count > frameEntries {
		return dst[:first], errors.New("a frame of the event log is damaged")
	}
	for i := range count {
		dst[first+i].Seq = end(n) - Seq(count-1-i)
	}
	return dst, nil
}
