package mysql

import "encoding/binary"

// AppendOK appends an OK packet. header is 0x00, or 0xfe where it ends rows.
func AppendOK(dst []byte, header byte, affected uint64, status Status, warnings uint16) []byte {
	dst = append(dst, header)
	dst = AppendLenEnc(dst, affected)
	dst = append(dst, 0) // last insert id: nothing here counts up
	dst = binary.LittleEndian.AppendUint16(dst, uint16(status))
	return binary.LittleEndian.AppendUint16(dst, warnings)
}

// AppendEOF appends what ends columns or rows for a client of caps.
func AppendEOF(dst []byte, caps Capability, status Status, warnings uint16) []byte {
	if caps&DeprecateEOF != 0 {
		return AppendOK(dst, 0xfe, 0, status, warnings)
	}
	dst = append(dst, 0xfe)
	dst = binary.LittleEndian.AppendUint16(dst, warnings)
	return binary.LittleEndian.AppendUint16(dst, uint16(status))
}

// maxMessage is how long an error's text may get: clients hold it in small buffers.
const maxMessage = 4 << 10

// AppendErr appends an error; state has five characters.
func AppendErr(dst []byte, number uint16, state, msg string) []byte {
	dst = append(dst, 0xff)
	dst = binary.LittleEndian.AppendUint16(dst, number)
	dst = append(append(dst, '#'), state...)
	if len(msg) > maxMessage {
		n := maxMessage
		for n > 0 && msg[n]&0xc0 == 0x80 { // not in the middle of a character
			n--
		}
		msg = msg[:n]
	}
	return append(dst, msg...)
}

// AppendPrepared appends the answer to COM_STMT_PREPARE.
func AppendPrepared(dst []byte, id uint32, columns, params, warnings uint16) []byte {
	dst = append(dst, 0)
	dst = binary.LittleEndian.AppendUint32(dst, id)
	dst = binary.LittleEndian.AppendUint16(dst, columns)
	dst = binary.LittleEndian.AppendUint16(dst, params)
	dst = append(dst, 0)
	return binary.LittleEndian.AppendUint16(dst, warnings)
}
