;; The memory of an adapter, and the code between bytes and hex digits in it.
;;
;; Blocks are given out one after the other, and all come back when a call ends: an instance has one call at a time. Each
;; begins at a multiple of 16, for vectors and for whatever the engine puts there. Below `$top` nothing is read or written
;; beyond a block's end but within the memory: 64 bytes at its end are never given out.
(module
  (memory (export "memory") 0)
  (global $top (mut i32) (i32.const 64))

  (func $airssys-bulk-memory-exhausted unreachable)

  (func $airssys-bulk-alloc (export "alloc") (param $size i32) (result i32)
    (local $at i32) (local $end i64) (local $have i64)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
    (local.set $end (i64.add (i64.extend_i32_u (local.get $at)) (i64.extend_i32_u (local.get $size))))
    (local.set $have (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16)))
    (if (i64.gt_u (i64.add (local.get $end) (i64.const 64)) (local.get $have))
      (then
        (local.set $have (i64.add (i64.shr_u (i64.sub (i64.add (local.get $end) (i64.const 64)) (local.get $have))
          (i64.const 16)) (i64.const 1)))
        (if (i64.gt_u (local.get $have) (i64.const 65536)) (then (call $airssys-bulk-memory-exhausted)))
        (if (i32.eq (memory.grow (i32.wrap_i64 (local.get $have))) (i32.const -1))
          (then (call $airssys-bulk-memory-exhausted)))))
    (global.set $top (i32.wrap_i64 (local.get $end)))
    (local.get $at))

  ;; What the canonical ABI calls to place a value. A block that grows is the last one, or moves.
  (func $airssys-bulk-realloc (export "realloc")
    (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (if (i32.eqz (local.get $old)) (then (return (call $airssys-bulk-alloc (local.get $size)))))
    (if (i32.le_u (local.get $size) (local.get $old-size)) (then (return (local.get $old))))
    (if (i32.eq (i32.add (local.get $old) (local.get $old-size)) (global.get $top))
      (then
        (global.set $top (local.get $old))
        (return (call $airssys-bulk-alloc (local.get $size)))))
    (local.set $at (call $airssys-bulk-alloc (local.get $size)))
    (memory.copy (local.get $at) (local.get $old) (local.get $old-size))
    (local.get $at))

  ;; The call is over. It takes what a function's post-return gets, a pointer to the result.
  (func $airssys-bulk-reset (export "reset") (param i32) (global.set $top (i32.const 64)))

  ;; The value of a digit: its low four bits, and 9 more for a letter, which has the bit 0x40.
  (func $digit (param $c i32) (result i32)
    (i32.add (i32.and (local.get $c) (i32.const 15)) (i32.mul (i32.const 9) (i32.shr_u (local.get $c) (i32.const 6)))))

  ;; The same for 16 digits, joined to the 8 bytes that they write, each in 16 bits.
  (func $digits (param $v v128) (result v128)
    (local $letter v128)
    (local.set $letter (v128.and (local.get $v) (v128.const i32x4 0x40404040 0x40404040 0x40404040 0x40404040)))
    (local.set $v (i8x16.add
      (v128.and (local.get $v) (v128.const i32x4 0x0f0f0f0f 0x0f0f0f0f 0x0f0f0f0f 0x0f0f0f0f))
      (v128.or (i8x16.shr_u (local.get $letter) (i32.const 3)) (i8x16.shr_u (local.get $letter) (i32.const 6)))))
    (v128.and
      (v128.or (i16x8.shl (local.get $v) (i32.const 4)) (i16x8.shr_u (local.get $v) (i32.const 8)))
      (v128.const i32x4 0x00ff00ff 0x00ff00ff 0x00ff00ff 0x00ff00ff)))

  ;; Turns digits into the bytes that they write, in place; gives how many.
  (func $airssys-bulk-decode (export "decode") (param $at i32) (param $count i32) (result i32)
    (local $to i32) (local $end i32)
    (local.set $to (local.get $at))
    (local.set $end (i32.add (local.get $at) (local.get $count)))
    (block $few (loop $next
      (br_if $few (i32.lt_u (i32.sub (local.get $end) (local.get $at)) (i32.const 32)))
      (v128.store (local.get $to) (i8x16.narrow_i16x8_u
        (call $digits (v128.load (local.get $at))) (call $digits (v128.load offset=16 (local.get $at)))))
      (local.set $at (i32.add (local.get $at) (i32.const 32)))
      (local.set $to (i32.add (local.get $to) (i32.const 16)))
      (br $next)))
    (block $done (loop $next
      (br_if $done (i32.lt_u (i32.sub (local.get $end) (local.get $at)) (i32.const 2)))
      (i32.store8 (local.get $to) (i32.or
        (i32.shl (call $digit (i32.load8_u (local.get $at))) (i32.const 4))
        (call $digit (i32.load8_u offset=1 (local.get $at)))))
      (local.set $at (i32.add (local.get $at) (i32.const 2)))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (br $next)))
    (i32.shr_u (local.get $count) (i32.const 1)))

  ;; Writes bytes as digits, two for each, into a block of their own; gives where. Reads and writes up to 16 bytes, 32
  ;; digits at once, beyond the end.
  (func $airssys-bulk-encode (export "encode") (param $at i32) (param $count i32) (result i32)
    (local $bytes v128) (local $high v128) (local $to i32) (local $out i32) (local $end i32)
    (if (i32.lt_s (local.get $count) (i32.const 0)) (then (call $airssys-bulk-memory-exhausted)))
    (local.set $out (call $airssys-bulk-alloc (i32.add (i32.shl (local.get $count) (i32.const 1)) (i32.const 32))))
    (local.set $to (local.get $out))
    (local.set $end (i32.add (local.get $at) (local.get $count)))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
      (local.set $bytes (v128.load (local.get $at)))
      (local.set $high (i8x16.swizzle (v128.const i8x16 48 49 50 51 52 53 54 55 56 57 97 98 99 100 101 102)
        (i8x16.shr_u (local.get $bytes) (i32.const 4))))
      (local.set $bytes (i8x16.swizzle (v128.const i8x16 48 49 50 51 52 53 54 55 56 57 97 98 99 100 101 102)
        (v128.and (local.get $bytes) (v128.const i32x4 0x0f0f0f0f 0x0f0f0f0f 0x0f0f0f0f 0x0f0f0f0f))))
      (v128.store (local.get $to)
        (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get $high) (local.get $bytes)))
      (v128.store offset=16 (local.get $to)
        (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31 (local.get $high) (local.get $bytes)))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (local.set $to (i32.add (local.get $to) (i32.const 32)))
      (br $next)))
    (local.get $out))
)
