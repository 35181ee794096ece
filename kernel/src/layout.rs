//! Where everything lies in kernel memory.
//!
//! These numbers are a contract with the host, which reads and writes the first registers itself and
//! expands the bounds rule inline, and with the module `kernel.wasm`. All words are little-endian.
//!
//! ```text
//!  16  position        u64  end of the bytes that were handed out in this call and can be touched
//!  24  input_offset    u64  first byte of the input, 0 if it is empty
//!  32  input_length    u64
//!  40  output_offset   u64  first byte of the output, 0 if it is empty
//!  48  output_length   u64
//!  56  error_offset    u64  the block that carries the error, 0 if there is none
//!  64  input_extent    u64  exact length of the input block, 0 if there is none or it was freed
//!  72  dirty_end       u32  bytes from here to the ledger, or to the end of memory, are zero
//!  76  pending_end     u32  end of the bytes from `position` on that were handed out but are not yet
//!                           zero, 0 if there are none
//!  80  n_entries       u32  entries of the ledger taken since the last reset
//!  84  vacant          u32  first of the entries that were given back, 0 if none
//!  88  last            u32  entry of the block that ends at `position`, 0 if none
//!  92  bin_bitmap      u32  bit `n` is set if bin `n` has a block
//!  96  buckets         32 × u32, heads of the hash chains while the ledger is inline
//! 224  ledger          u32  where the ledger lies, 0 while it is inline
//! 228  doublings       u32  how often its capacity of 32 has doubled, 0 while it is inline
//! 232  hash_key        u64  multiplier of the hash, 0 for a fixed one
//! 240  bins            28 × u32, first free block of each size, valid if its bit is set
//! 352  entries         32 × 24 bytes, while the ledger is inline
//! 1120 unused
//! ```
//!
//! The first 208 bytes, up to `ledger`, are what the host writes to begin a call, in one copy.
//!
//! A ledger at the top of memory is `capacity` buckets followed by `capacity` entries. An entry is
//! named by its address, so that zero means none and zeroed memory is empty:
//!
//! ```text
//!  0  start      u32  offset of the block, 0 in an entry that was given back
//!  4  len        u32  length that was asked for, 0 in a free block
//!  8  previous   u32  entry of the block that ends where this one starts
//! 12  next       u32  entry of the block that starts where this one ends
//! 16  link       u32  next entry of the hash chain, of the bin, or of those given back
//! 20  back_link  u32  previous entry of the bin
//! ```

/// Bytes in one page of memory.
pub const PAGE_LEN: u32 = 65_536;
/// Pages that the module's memory has from the start.
pub const INITIAL_PAGES: u32 = 16;
/// Pages that the module's memory may have. The host recognises kernel memory by this number.
pub const MAX_PAGES: u32 = 65_521;
/// Blocks start and end at multiples of this many bytes.
pub const BLOCK_ALIGN: u32 = 16;

/// Address of the first register.
pub const ROOT: u32 = 16;
/// Address below which no load or store of a guest reaches.
pub const GUEST_START: u32 = 1280;

/// Address of the end of the bytes that were handed out in this call and can be touched.
pub const POSITION: u32 = ROOT;
/// Address of the offset of the input.
pub const INPUT_OFFSET: u32 = 24;
/// Address of the length of the input.
pub const INPUT_LENGTH: u32 = 32;
/// Address of the offset of the output.
pub const OUTPUT_OFFSET: u32 = 40;
/// Address of the length of the output.
pub const OUTPUT_LENGTH: u32 = 48;
/// Address of the offset of the block that carries the error.
pub const ERROR_OFFSET: u32 = 56;
/// Address of the length of the input block.
pub const INPUT_EXTENT: u32 = 64;
/// Address of the end of the bytes that may differ from zero.
pub const DIRTY_END: u32 = 72;
/// Address of the end of the bytes that were handed out and are not yet zero.
pub const PENDING_END: u32 = 76;
/// Address of the number of entries taken since the last reset.
pub const N_ENTRIES: u32 = 80;
/// Address of the first of the entries that were given back.
pub const VACANT: u32 = 84;
/// Address of the entry whose block ends at the position.
pub const LAST: u32 = 88;
/// Address of the set of bins that have a block.
pub const BIN_BITMAP: u32 = 92;
/// Address of the buckets while the ledger is inline.
pub const INLINE_BUCKETS: u32 = 96;
/// Address of the place of the ledger.
pub const LEDGER: u32 = 224;
/// Address of the number of times the ledger has doubled.
pub const DOUBLINGS: u32 = 228;
/// Address of the multiplier of the hash.
pub const HASH_KEY: u32 = 232;
/// Address of the first bin.
pub const BINS: u32 = 240;
/// Address of the entries while the ledger is inline.
pub const INLINE_ENTRIES: u32 = 352;

/// Bytes from [`ROOT`] that the host writes to begin a call.
pub const CALL_REGISTERS_LEN: usize = 208;
/// Number of bins: one for each power of two of [`BLOCK_ALIGN`] bytes that a block can span.
pub const N_BINS: u32 = 28;
/// Entries, and buckets, of the inline ledger.
pub const INLINE_CAPACITY: u32 = 32;
/// Bytes in one entry of the ledger.
pub const ENTRY_LEN: u32 = 24;
/// Bytes in one bucket of the ledger.
pub const BUCKET_LEN: u32 = 4;

/// Offset of `start` in an entry.
pub const ENTRY_START: u32 = 0;
/// Offset of `len` in an entry.
pub const ENTRY_BLOCK_LEN: u32 = 4;
/// Offset of `previous` in an entry.
pub const ENTRY_PREVIOUS: u32 = 8;
/// Offset of `next` in an entry.
pub const ENTRY_NEXT: u32 = 12;
/// Offset of `link` in an entry.
pub const ENTRY_LINK: u32 = 16;
/// Offset of `back_link` in an entry.
pub const ENTRY_BACK_LINK: u32 = 20;

const _: () = assert!(ROOT % 8 == 0 && GUEST_START % BLOCK_ALIGN == 0);
const _: () = assert!(DIRTY_END == ROOT + 7 * 8 && PENDING_END == DIRTY_END + 4);
const _: () = assert!(N_ENTRIES == PENDING_END + 4);
const _: () = assert!(INLINE_BUCKETS == BIN_BITMAP + 4);
const _: () = assert!(LEDGER == INLINE_BUCKETS + INLINE_CAPACITY * BUCKET_LEN);
const _: () = assert!(LEDGER as usize == ROOT as usize + CALL_REGISTERS_LEN);
const _: () = assert!(BINS == HASH_KEY + 8 && HASH_KEY % 8 == 0);
const _: () = assert!(INLINE_ENTRIES == BINS + N_BINS * 4);
const _: () = assert!(INLINE_ENTRIES + INLINE_CAPACITY * ENTRY_LEN <= GUEST_START);
const _: () = assert!(ENTRY_START == 0 && ENTRY_LEN == ENTRY_BACK_LINK + 4);
const _: () = assert!(ENTRY_LEN == 3 * 8, "`take_entry` writes so many words");
const _: () = assert!(N_BINS <= u32::BITS && u32::MAX / BLOCK_ALIGN < 1 << N_BINS);
const _: () = assert!(MAX_PAGES as u64 * (PAGE_LEN as u64) < u32::MAX as u64);
