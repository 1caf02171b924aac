#pragma once
/*
 * erofs_format: the on-disk structures of the read-only file system that a
 * mountable tar carries, as Linux defines them (Documentation/filesystems/
 * erofs.rst; fs/erofs/erofs_fs.h), restricted to what we write: blocks of 512
 * bytes, no compression, no extended attributes, data in plain blocks.
 *
 * All integers are little-endian.  nid * 32 is an inode's offset in the file.
 */
#include <stdint.h>

#define EROFS_SUPER_OFFSET 1024
#define EROFS_MAGIC 0xE0F5E1E2u
#define EROFS_BLOCK 512u
#define EROFS_BLOCK_BITS 9
#define EROFS_SLOT 32u /* inodes are aligned to this */
#define EROFS_ROOT_NID 36 /* right behind the superblock */

#define EROFS_COMPAT_CHECKSUM 1u
#define EROFS_COMPAT_MTIME 2u

/* i_format: bit 0 the inode's form, bits 1-3 the data's layout. */
#define EROFS_EXTENDED 1u
#define EROFS_FLAT_PLAIN (0u << 1)
#define EROFS_FLAT_INLINE (2u << 1)

enum erofs_file_type {
	EROFS_FT_REG = 1,
	EROFS_FT_DIR,
	EROFS_FT_CHR,
	EROFS_FT_BLK,
	EROFS_FT_FIFO,
	EROFS_FT_SOCK,
	EROFS_FT_SYMLINK,
};

struct erofs_super {
	uint32_t magic;
	uint32_t checksum; /* crc32c, seed ~0, not inverted at the end */
	uint32_t feature_compat;
	uint8_t block_bits;
	uint8_t extension_slots;
	uint16_t root_nid;
	uint64_t inodes;
	uint64_t epoch; /* mtime of every compact inode, seconds */
	uint32_t epoch_nsec;
	uint32_t blocks; /* of the whole file */
	uint32_t meta_block;
	uint32_t xattr_block;
	uint8_t uuid[16];
	uint8_t volume[16];
	uint32_t feature_incompat;
	uint16_t compression;
	uint16_t extra_devices;
	uint16_t device_slot;
	uint8_t dir_block_bits;
	uint8_t zero[37];
} __attribute__((packed));
_Static_assert(sizeof(struct erofs_super) == 128, "as on disk");

struct erofs_inode_compact {
	uint16_t format;
	uint16_t xattr_count;
	uint16_t mode;
	uint16_t nlink;
	uint32_t size;
	uint32_t reserved;
	uint32_t address; /* first block of the data, or a device number */
	uint32_t ino;
	uint16_t uid, gid;
	uint32_t reserved2;
} __attribute__((packed));
_Static_assert(sizeof(struct erofs_inode_compact) == 32, "as on disk");

struct erofs_inode_extended {
	uint16_t format;
	uint16_t xattr_count;
	uint16_t mode;
	uint16_t reserved;
	uint64_t size;
	uint32_t address;
	uint32_t ino;
	uint32_t uid, gid;
	uint64_t mtime;
	uint32_t mtime_nsec;
	uint32_t nlink;
	uint8_t reserved2[16];
} __attribute__((packed));
_Static_assert(sizeof(struct erofs_inode_extended) == 64, "as on disk");

/* Directory blocks: entries sorted by name, then the names. */
struct erofs_dirent {
	uint64_t nid;
	uint16_t name_offset; /* in the block */
	uint8_t file_type;
	uint8_t reserved;
} __attribute__((packed));
_Static_assert(sizeof(struct erofs_dirent) == 12, "as on disk");

/* crc32c (Castagnoli) of a superblock's block, its checksum field as zero. */
uint32_t erofs_checksum(const void *block);
