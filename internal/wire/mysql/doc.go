// Package mysql is the bytes of the MySQL client/server protocol, version 10: packets, the handshake, column definitions, rows in text
// and binary, parameters of prepared statements and the two password exchanges. It is pure: it knows no socket, session or statement.
//
//	packet     3 bytes length, 1 byte sequence number, payload; a payload of 2^24-1 bytes or more goes on in the next packet
//	lenenc     an integer of 1, 3, 4 or 9 bytes; a string with such an integer before it
//
// Encoders append to what they are handed. Decoders read bytes of strangers: they return errors, never panic, and what they return
// aliases their input unless they say otherwise.
//
// Neighbours: server/mysql moves the packets and runs the commands.
package mysql

// Capability is a bit of what client and server can do.
type Capability uint32

// The capabilities that matter here.
const (
	LongPassword     Capability = 1 << 0 // set by servers that are not MariaDB
	FoundRows        Capability = 1 << 1
	LongFlag         Capability = 1 << 2
	ConnectWithDB    Capability = 1 << 3
	Compress         Capability = 1 << 5
	LocalFiles       Capability = 1 << 7
	IgnoreSpace      Capability = 1 << 8
	Protocol41       Capability = 1 << 9
	Interactive      Capability = 1 << 10
	SSL              Capability = 1 << 11
	Transactions     Capability = 1 << 13
	SecureConnection Capability = 1 << 15
	MultiStatements  Capability = 1 << 16
	MultiResults     Capability = 1 << 17
	PSMultiResults   Capability = 1 << 18
	PluginAuth       Capability = 1 << 19
	ConnectAttrs     Capability = 1 << 20
	PluginAuthLenEnc Capability = 1 << 21
	SessionTrack     Capability = 1 << 23
	DeprecateEOF     Capability = 1 << 24
	ZstdCompress     Capability = 1 << 26
)

// Status is a bit of the state of a session that OK and EOF packets carry.
type Status uint16

// The status bits that are used here.
const (
	StatusAutocommit  Status = 1 << 1
	StatusMoreResults Status = 1 << 3
	// StatusCursorExists tells that rows await COM_STMT_FETCH, StatusLastRowSent that no more do.
	StatusCursorExists Status = 1 << 6
	StatusLastRowSent  Status = 1 << 7
)

// Command is the first byte of a client's packet.
type Command byte

// The commands.
const (
	ComQuit             Command = 0x01
	ComInitDB           Command = 0x02
	ComQuery            Command = 0x03
	ComFieldList        Command = 0x04
	ComCreateDB         Command = 0x05
	ComDropDB           Command = 0x06
	ComRefresh          Command = 0x07
	ComStatistics       Command = 0x09
	ComProcessInfo      Command = 0x0a
	ComProcessKill      Command = 0x0c
	ComDebug            Command = 0x0d
	ComPing             Command = 0x0e
	ComChangeUser       Command = 0x11
	ComStmtPrepare      Command = 0x16
	ComStmtExecute      Command = 0x17
	ComStmtSendLongData Command = 0x18
	ComStmtClose        Command = 0x19
	ComStmtReset        Command = 0x1a
	ComSetOption        Command = 0x1b
	ComStmtFetch        Command = 0x1c
	ComResetConnection  Command = 0x1f
)

// ColumnType is the type byte of a column or parameter.
type ColumnType byte

// The column types.
const (
	TypeDecimal    ColumnType = 0x00
	TypeTiny       ColumnType = 0x01
	TypeShort      ColumnType = 0x02
	TypeLong       ColumnType = 0x03
	TypeFloat      ColumnType = 0x04
	TypeDouble     ColumnType = 0x05
	TypeNull       ColumnType = 0x06
	TypeTimestamp  ColumnType = 0x07
	TypeLongLong   ColumnType = 0x08
	TypeInt24      ColumnType = 0x09
	TypeDate       ColumnType = 0x0a
	TypeTime       ColumnType = 0x0b
	TypeDatetime   ColumnType = 0x0c
	TypeYear       ColumnType = 0x0d
	TypeNewDate    ColumnType = 0x0e
	TypeVarchar    ColumnType = 0x0f
	TypeBit        ColumnType = 0x10
	TypeTimestamp2 ColumnType = 0x11
	TypeDatetime2  ColumnType = 0x12
	TypeTime2      ColumnType = 0x13
	TypeBool       ColumnType = 0xf4
	TypeJSON       ColumnType = 0xf5
	TypeNewDecimal ColumnType = 0xf6
	TypeEnum       ColumnType = 0xf7
	TypeSet        ColumnType = 0xf8
	TypeTinyBlob   ColumnType = 0xf9
	TypeMediumBlob ColumnType = 0xfa
	TypeLongBlob   ColumnType = 0xfb
	TypeBlob       ColumnType = 0xfc
	TypeVarString  ColumnType = 0xfd
	TypeString     ColumnType = 0xfe
	TypeGeometry   ColumnType = 0xff
)

// Collations by number. The greeting names the first, as every client knows it.
const (
	collationUTF8    = 33 // utf8_general_ci
	collationUTF8MB4 = 45 // utf8mb4_general_ci
	collationBinary  = 63
)
