package mysql

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
)

// NativeHash is what mysql_native_password keeps of a password: SHA1(SHA1(password)).
func NativeHash(password []byte) [sha1.Size]byte {
	h := sha1.Sum(password)
	return sha1.Sum(h[:])
}

// CheckNative reports whether proof is SHA1(password) XOR SHA1(salt + hash). Its time does not depend on where they differ.
func CheckNative(proof []byte, salt [SaltLen]byte, hash [sha1.Size]byte) bool {
	if len(proof) != sha1.Size {
		return false
	}
	mask := sha1.Sum(append(salt[:], hash[:]...))
	var once [sha1.Size]byte
	subtle.XORBytes(once[:], proof, mask[:])
	twice := sha1.Sum(once[:])
	return subtle.ConstantTimeCompare(twice[:], hash[:]) == 1
}

// CheckCachingSHA2 reports whether proof is SHA256(password) XOR SHA256(SHA256(SHA256(password)) + salt).
func CheckCachingSHA2(proof []byte, salt [SaltLen]byte, password []byte) bool {
	once := sha256.Sum256(password)
	twice := sha256.Sum256(once[:])
	mask := sha256.Sum256(append(twice[:], salt[:]...))
	var want [sha256.Size]byte
	subtle.XORBytes(want[:], once[:], mask[:])
	return subtle.ConstantTimeCompare(proof, want[:]) == 1
}
