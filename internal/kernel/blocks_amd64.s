#include "textflag.h"

// Each function below looks at n values from v on; n is a multiple of 8 (of 16 for the least and the greatest), and not 0.

// func sumIntsAVX2(v *int64, n int) int64
TEXT ·sumIntsAVX2(SB), NOSPLIT, $0-24
	MOVQ  v+0(FP), SI
	MOVQ  n+8(FP), CX
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1

sumInts:
	VPADDQ (SI), Y0, Y0
	VPADDQ 32(SI), Y1, Y1
	ADDQ   $64, SI
	SUBQ   $8, CX
	JNE    sumInts

	VPADDQ       Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPADDQ       X1, X0, X0
	VPSRLDQ      $8, X0, X1
	VPADDQ       X1, X0, X0
	VMOVQ        X0, ret+16(FP)
	VZEROUPPER
	RET

// func sumHalvesAVX2(v *int64, n int, flip int64) (hi, lo int64)
TEXT ·sumHalvesAVX2(SB), NOSPLIT, $0-40
	MOVQ         v+0(FP), SI
	MOVQ         n+8(FP), CX
	VPBROADCASTQ flip+16(FP), Y7
	VPXOR        Y0, Y0, Y0
	VPXOR        Y1, Y1, Y1
	VPXOR        Y2, Y2, Y2
	VPXOR        Y3, Y3, Y3
	VPXOR        Y6, Y6, Y6

sumHalves:
	VPXOR    (SI), Y7, Y4
	VPXOR    32(SI), Y7, Y5
	VPSRLQ   $32, Y4, Y8
	VPSRLQ   $32, Y5, Y9
	VPBLENDD $0xaa, Y6, Y4, Y4
	VPBLENDD $0xaa, Y6, Y5, Y5
	VPADDQ   Y8, Y0, Y0
	VPADDQ   Y9, Y1, Y1
	VPADDQ   Y4, Y2, Y2
	VPADDQ   Y5, Y3, Y3
	ADDQ     $64, SI
	SUBQ     $8, CX
	JNE      sumHalves

	VPADDQ       Y1, Y0, Y0
	VPADDQ       Y3, Y2, Y2
	VEXTRACTI128 $1, Y0, X1
	VEXTRACTI128 $1, Y2, X3
	VPADDQ       X1, X0, X0
	VPADDQ       X3, X2, X2
	VPSRLDQ      $8, X0, X1
	VPSRLDQ      $8, X2, X3
	VPADDQ       X1, X0, X0
	VPADDQ       X3, X2, X2
	VMOVQ        X0, hi+24(FP)
	VMOVQ        X2, lo+32(FP)
	VZEROUPPER
	RET

// func sumFloatsAVX2(v *float64, n int) float64
TEXT ·sumFloatsAVX2(SB), NOSPLIT, $0-24
	MOVQ   v+0(FP), SI
	MOVQ   n+8(FP), CX
	VXORPD Y0, Y0, Y0
	VXORPD Y1, Y1, Y1

sumFloats:
	VADDPD (SI), Y0, Y0
	VADDPD 32(SI), Y1, Y1
	ADDQ   $64, SI
	SUBQ   $8, CX
	JNE    sumFloats

	// ((0+4)+(2+6)) + ((1+5)+(3+7)), as the twin adds them
	VADDPD       Y1, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VADDPD       X1, X0, X0
	VPERMILPD    $1, X0, X1
	VADDSD       X1, X0, X0
	VMOVSD       X0, ret+16(FP)
	VZEROUPPER
	RET

// func minIntsAVX2(v *int64, n int, flip int64) int64
TEXT ·minIntsAVX2(SB), NOSPLIT, $0-32
	MOVQ         v+0(FP), SI
	MOVQ         n+8(FP), CX
	VPBROADCASTQ flip+16(FP), Y7
	VPXOR        (SI), Y7, Y0
	VPXOR        32(SI), Y7, Y1
	VPXOR        64(SI), Y7, Y2
	VPXOR        96(SI), Y7, Y3

minInts:
	ADDQ      $128, SI
	SUBQ      $16, CX
	JEQ       minIntsEnd
	VPXOR     (SI), Y7, Y8
	VPXOR     32(SI), Y7, Y9
	VPXOR     64(SI), Y7, Y10
	VPXOR     96(SI), Y7, Y11
	VPCMPGTQ  Y8, Y0, Y12
	VPCMPGTQ  Y9, Y1, Y13
	VPCMPGTQ  Y10, Y2, Y14
	VPCMPGTQ  Y11, Y3, Y15
	VBLENDVPD Y12, Y8, Y0, Y0
	VBLENDVPD Y13, Y9, Y1, Y1
	VBLENDVPD Y14, Y10, Y2, Y2
	VBLENDVPD Y15, Y11, Y3, Y3
	JMP       minInts

minIntsEnd:
	VPCMPGTQ     Y1, Y0, Y12
	VPCMPGTQ     Y3, Y2, Y13
	VBLENDVPD    Y12, Y1, Y0, Y0
	VBLENDVPD    Y13, Y3, Y2, Y2
	VPCMPGTQ     Y2, Y0, Y12
	VBLENDVPD    Y12, Y2, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPCMPGTQ     X1, X0, X2
	VBLENDVPD    X2, X1, X0, X0
	VPSRLDQ      $8, X0, X1
	VPCMPGTQ     X1, X0, X2
	VBLENDVPD    X2, X1, X0, X0
	VMOVQ        X0, ret+24(FP)
	VZEROUPPER
	RET

// func maxIntsAVX2(v *int64, n int, flip int64) int64
TEXT ·maxIntsAVX2(SB), NOSPLIT, $0-32
	MOVQ         v+0(FP), SI
	MOVQ         n+8(FP), CX
	VPBROADCASTQ flip+16(FP), Y7
	VPXOR        (SI), Y7, Y0
	VPXOR        32(SI), Y7, Y1
	VPXOR        64(SI), Y7, Y2
	VPXOR        96(SI), Y7, Y3

maxInts:
	ADDQ      $128, SI
	SUBQ      $16, CX
	JEQ       maxIntsEnd
	VPXOR     (SI), Y7, Y8
	VPXOR     32(SI), Y7, Y9
	VPXOR     64(SI), Y7, Y10
	VPXOR     96(SI), Y7, Y11
	VPCMPGTQ  Y0, Y8, Y12
	VPCMPGTQ  Y1, Y9, Y13
	VPCMPGTQ  Y2, Y10, Y14
	VPCMPGTQ  Y3, Y11, Y15
	VBLENDVPD Y12, Y8, Y0, Y0
	VBLENDVPD Y13, Y9, Y1, Y1
	VBLENDVPD Y14, Y10, Y2, Y2
	VBLENDVPD Y15, Y11, Y3, Y3
	JMP       maxInts

maxIntsEnd:
	VPCMPGTQ     Y0, Y1, Y12
	VPCMPGTQ     Y2, Y3, Y13
	VBLENDVPD    Y12, Y1, Y0, Y0
	VBLENDVPD    Y13, Y3, Y2, Y2
	VPCMPGTQ     Y0, Y2, Y12
	VBLENDVPD    Y12, Y2, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPCMPGTQ     X0, X1, X2
	VBLENDVPD    X2, X1, X0, X0
	VPSRLDQ      $8, X0, X1
	VPCMPGTQ     X0, X1, X2
	VBLENDVPD    X2, X1, X0, X0
	VMOVQ        X0, ret+24(FP)
	VZEROUPPER
	RET

// func minFloatsAVX2(v *float64, n int) float64
//
// The least of the values that are not NaN; infinity where there is none. MINPD gives its last operand, which Go writes first, where one of
// the two is NaN.
TEXT ·minFloatsAVX2(SB), NOSPLIT, $0-24
	MOVQ         v+0(FP), SI
	MOVQ         n+8(FP), CX
	MOVQ         $0x7ff0000000000000, AX
	VMOVQ        AX, X0
	VPBROADCASTQ X0, Y0
	VMOVAPD      Y0, Y1
	VMOVAPD      Y0, Y2
	VMOVAPD      Y0, Y3

minFloats:
	VMOVUPD (SI), Y4
	VMOVUPD 32(SI), Y5
	VMOVUPD 64(SI), Y6
	VMOVUPD 96(SI), Y7
	VMINPD  Y0, Y4, Y0
	VMINPD  Y1, Y5, Y1
	VMINPD  Y2, Y6, Y2
	VMINPD  Y3, Y7, Y3
	ADDQ    $128, SI
	SUBQ    $16, CX
	JNE     minFloats

	VMINPD       Y1, Y0, Y0
	VMINPD       Y3, Y2, Y2
	VMINPD       Y2, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VMINPD       X1, X0, X0
	VPERMILPD    $1, X0, X1
	VMINPD       X1, X0, X0
	VMOVSD       X0, ret+16(FP)
	VZEROUPPER
	RET

// func maxFloatsAVX2(v *float64, n int) (max float64, nan int64)
//
// The greatest of the values that are not NaN, minus infinity where there is none; nan is 0 where no value is NaN.
TEXT ·maxFloatsAVX2(SB), NOSPLIT, $0-32
	MOVQ         v+0(FP), SI
	MOVQ         n+8(FP), CX
	MOVQ         $0xfff0000000000000, AX
	VMOVQ        AX, X0
	VPBROADCASTQ X0, Y0
	VMOVAPD      Y0, Y1
	VMOVAPD      Y0, Y2
	VMOVAPD      Y0, Y3
	VXORPD       Y12, Y12, Y12
	VXORPD       Y13, Y13, Y13

maxFloats:
	VMOVUPD (SI), Y4
	VMOVUPD 32(SI), Y5
	VMOVUPD 64(SI), Y6
	VMOVUPD 96(SI), Y7
	VMAXPD  Y0, Y4, Y0
	VMAXPD  Y1, Y5, Y1
	VMAXPD  Y2, Y6, Y2
	VMAXPD  Y3, Y7, Y3
	VCMPPD  $3, Y4, Y5, Y8  // unordered: either is NaN
	VCMPPD  $3, Y6, Y7, Y9
	VORPD   Y8, Y12, Y12
	VORPD   Y9, Y13, Y13
	ADDQ    $128, SI
	SUBQ    $16, CX
	JNE     maxFloats

	VORPD        Y13, Y12, Y12
	VMOVMSKPD    Y12, AX
	MOVQ         AX, nan+24(FP)
	VMAXPD       Y1, Y0, Y0
	VMAXPD       Y3, Y2, Y2
	VMAXPD       Y2, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VMAXPD       X1, X0, X0
	VPERMILPD    $1, X0, X1
	VMAXPD       X1, X0, X0
	VMOVSD       X0, max+16(FP)
	VZEROUPPER
	RET

// PACK moves the outcome of eight comparisons, in Y2 and Y3, into the upper end of R8: after eight of them the first is at the lower end.
#define PACK \
	VMOVMSKPD Y2, R9;  \
	VMOVMSKPD Y3, R10; \
	SHLQ      $4, R10; \
	ORQ       R10, R9; \
	SHRQ      $8, R8;  \
	SHLQ      $56, R9; \
	ORQ       R9, R8;  \
	ADDQ      $64, SI; \
	DECQ      CX

// func selectIntsAVX2(dst *uint64, v *int64, words int, c, flip int64, op int)
//
// op is 0 for v = c, 1 for v > c, 2 for v < c.
TEXT ·selectIntsAVX2(SB), NOSPLIT, $0-48
	MOVQ         dst+0(FP), DI
	MOVQ         v+8(FP), SI
	MOVQ         words+16(FP), DX
	VPBROADCASTQ c+24(FP), Y0
	VPBROADCASTQ flip+32(FP), Y1
	MOVQ         op+40(FP), AX
	CMPQ         AX, $1
	JEQ          gtWord
	JGT          ltWord

eqWord:
	MOVQ $8, CX

eqEight:
	VPXOR    (SI), Y1, Y2
	VPXOR    32(SI), Y1, Y3
	VPCMPEQQ Y0, Y2, Y2
	VPCMPEQQ Y0, Y3, Y3
	PACK
	JNE  eqEight
	MOVQ R8, (DI)
	ADDQ $8, DI
	DECQ DX
	JNE  eqWord
	VZEROUPPER
	RET

gtWord:
	MOVQ $8, CX

gtEight:
	VPXOR    (SI), Y1, Y2
	VPXOR    32(SI), Y1, Y3
	VPCMPGTQ Y0, Y2, Y2
	VPCMPGTQ Y0, Y3, Y3
	PACK
	JNE  gtEight
	MOVQ R8, (DI)
	ADDQ $8, DI
	DECQ DX
	JNE  gtWord
	VZEROUPPER
	RET

ltWord:
	MOVQ $8, CX

ltEight:
	VPXOR    (SI), Y1, Y2
	VPXOR    32(SI), Y1, Y3
	VPCMPGTQ Y2, Y0, Y2
	VPCMPGTQ Y3, Y0, Y3
	PACK
	JNE  ltEight
	MOVQ R8, (DI)
	ADDQ $8, DI
	DECQ DX
	JNE  ltWord
	VZEROUPPER
	RET

// func selectFloatsAVX2(dst *uint64, v *float64, words int, c float64, op int)
//
// op is 0 for v = c, 1 for v <= c, 2 for v < c. NaN is none of them.
TEXT ·selectFloatsAVX2(SB), NOSPLIT, $0-40
	MOVQ         dst+0(FP), DI
	MOVQ         v+8(FP), SI
	MOVQ         words+16(FP), DX
	VBROADCASTSD c+24(FP), Y0
	MOVQ         op+32(FP), AX
	CMPQ         AX, $1
	JEQ          leWord
	JGT          lessWord

sameWord:
	MOVQ $8, CX

sameEight:
	VMOVUPD (SI), Y2
	VMOVUPD 32(SI), Y3
	VCMPPD  $0, Y0, Y2, Y2
	VCMPPD  $0, Y0, Y3, Y3
	PACK
	JNE  sameEight
	MOVQ R8, (DI)
	ADDQ $8, DI
	DECQ DX
	JNE  sameWord
	VZEROUPPER
	RET

leWord:
	MOVQ $8, CX

leEight:
	VMOVUPD (SI), Y2
	VMOVUPD 32(SI), Y3
	VCMPPD  $2, Y0, Y2, Y2
	VCMPPD  $2, Y0, Y3, Y3
	PACK
	JNE  leEight
	MOVQ R8, (DI)
	ADDQ $8, DI
	DECQ DX
	JNE  leWord
	VZEROUPPER
	RET

lessWord:
	MOVQ $8, CX

lessEight:
	VMOVUPD (SI), Y2
	VMOVUPD 32(SI), Y3
	VCMPPD  $1, Y0, Y2, Y2
	VCMPPD  $1, Y0, Y3, Y3
	PACK
	JNE  lessEight
	MOVQ R8, (DI)
	ADDQ $8, DI
	DECQ DX
	JNE  lessWord
	VZEROUPPER
	RET

// func addBytesAVX2(dst *int64, src *byte, n int, low, last int64) int64
//
// Eight deltas at a time: their running sums as words, then as numbers, to which the same of low and the last number are added.
TEXT ·addBytesAVX2(SB), NOSPLIT, $0-48
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         n+16(FP), CX
	MOVQ         low+24(FP), AX
	VPBROADCASTQ last+32(FP), Y0
	LEAQ         (AX)(AX*1), BX
	LEAQ         (AX)(AX*2), R8
	LEAQ         (BX)(BX*1), R9
	VMOVQ        AX, X5
	VPINSRQ      $1, BX, X5, X5
	VMOVQ        R8, X6
	VPINSRQ      $1, R9, X6, X6
	VINSERTI128  $1, X6, Y5, Y5     // low times 1, 2, 3, 4
	VMOVQ        R9, X6
	VPBROADCASTQ X6, Y6
	VPADDQ       Y5, Y6, Y6         // 5, 6, 7, 8

addBytes:
	VPMOVZXBW (SI), X1
	VPSLLDQ   $2, X1, X2
	VPADDW    X2, X1, X1
	VPSLLDQ   $4, X1, X2
	VPADDW    X2, X1, X1
	VPSLLDQ   $8, X1, X2
	VPADDW    X2, X1, X1
	VPSRLDQ   $8, X1, X3
	VPMOVZXWQ X1, Y2
	VPMOVZXWQ X3, Y3
	VPADDQ    Y5, Y2, Y2
	VPADDQ    Y6, Y3, Y3
	VPADDQ    Y0, Y2, Y2
	VPADDQ    Y0, Y3, Y4
	VMOVDQU   Y2, (DI)
	VMOVDQU   Y4, 32(DI)
	VPERMQ    $0xff, Y3, Y3
	VPADDQ    Y3, Y0, Y0
	ADDQ      $8, SI
	ADDQ      $64, DI
	SUBQ      $8, CX
	JNE       addBytes

	VMOVQ X0, ret+40(FP)
	VZEROUPPER
	RET

// func sumBytesAVX2(v *byte, n int) int64
//
// n is a multiple of 32.
TEXT ·sumBytesAVX2(SB), NOSPLIT, $0-24
	MOVQ  v+0(FP), SI
	MOVQ  n+8(FP), CX
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1

sumBytes:
	VPSADBW (SI), Y1, Y2
	VPADDQ  Y2, Y0, Y0
	ADDQ    $32, SI
	SUBQ    $32, CX
	JNE     sumBytes

	VEXTRACTI128 $1, Y0, X1
	VPADDQ       X1, X0, X0
	VPSRLDQ      $8, X0, X1
	VPADDQ       X1, X0, X0
	VMOVQ        X0, ret+16(FP)
	VZEROUPPER
	RET
