#include "erofs_parts.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "device.h"

static const uint8_t volume_name[16] = "jailwright";

static uint64_t place_offset(const struct erofs *erofs, struct place place)
{
	return erofs->segments[place.segment].offset + place.offset;
}

static unsigned char *place_bytes(const struct erofs *erofs, struct place place)
{
	return erofs->segments[place.segment].bytes + place.offset;
}

/* 0: no data, or none in blocks. */
static uint32_t address_of(const struct erofs *erofs, const struct inode *inode)
{
	switch (inode->node->type) {
	case NODE_CHAR:
		return device_encode(inode->node->rdev);
	case NODE_FILE:
		return (uint32_t)(inode->content / EROFS_BLOCK);
	default:
		if (inode->in_blocks == 0)
			return 0;
		return (uint32_t)(place_offset(erofs, inode->blocks) /
				  EROFS_BLOCK);
	}
}

static uint64_t size_of(const struct inode *inode)
{
	if (inode->node->type == NODE_FILE)
		return (uint64_t)inode->node->size;
	return inode->data_len;
}

static void render_inode(const struct erofs *erofs, size_t index)
{
	const struct inode *inode = &erofs->inodes[index];
	const struct node *node = inode->node;
	unsigned char *at = place_bytes(erofs, inode->place);
	bool is_extended = inode->head == sizeof(struct erofs_inode_extended);
	unsigned format = inode->data_len > inode->in_blocks ? EROFS_FLAT_INLINE
							     : EROFS_FLAT_PLAIN;
	mode_t mode = node->mode | erofs_kinds[node->type].mode;

	if (is_extended) {
		struct erofs_inode_extended disk = {
			.format = htole16((uint16_t)(format | EROFS_EXTENDED)),
			.mode = htole16((uint16_t)mode),
			.size = htole64(size_of(inode)),
			.address = htole32(address_of(erofs, inode)),
			.ino = htole32((uint32_t)index + 1),
			.uid = htole32(node->uid),
			.gid = htole32(node->gid),
			.mtime = htole64((uint64_t)erofs->mtime),
			.nlink = htole32(inode->nlink),
		};
		memcpy(at, &disk, sizeof(disk));
	} else {
		struct erofs_inode_compact disk = {
			.format = htole16((uint16_t)format),
			.mode = htole16((uint16_t)mode),
			.nlink = htole16((uint16_t)inode->nlink),
			.size = htole32((uint32_t)size_of(inode)),
			.address = htole32(address_of(erofs, inode)),
			.ino = htole32((uint32_t)index + 1),
			.uid = htole16((uint16_t)node->uid),
			.gid = htole16((uint16_t)node->gid),
		};
		memcpy(at, &disk, sizeof(disk));
	}
	if (inode->data_len == 0)
		return;
	memcpy(at + inode->head, inode->data + inode->in_blocks,
	       inode->data_len - inode->in_blocks);
	if (inode->in_blocks)
		memcpy(place_bytes(erofs, inode->blocks), inode->data,
		       inode->in_blocks);
}

/* Directory entries hold the indices of inodes so far: make them nids. */
static void resolve_nids(const struct erofs *erofs, struct inode *inode)
{
	for (size_t start = 0; start < inode->data_len; start += EROFS_BLOCK) {
		char *block = inode->data + start;
		struct erofs_dirent entry;
		size_t n;

		memcpy(&entry, block, sizeof(entry));
		n = le16toh(entry.name_offset) / sizeof(entry);
		for (size_t i = 0; i < n; i++) {
			char *at = block + i * sizeof(entry);
			struct place place;

			memcpy(&entry, at, sizeof(entry));
			place = erofs->inodes[entry.nid].place;
			entry.nid = htole64(place_offset(erofs, place) /
					    EROFS_SLOT);
			memcpy(at, &entry, sizeof(entry));
		}
	}
}

/* The uuid is a digest of the metadata (without the superblock). */
static int digest_segments(const struct erofs *erofs, uint8_t uuid[16])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char digest[EVP_MAX_MD_SIZE];
	int good =
		context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;

	for (size_t i = 0; good && i < erofs->n_segments; i++)
		good = EVP_DigestUpdate(context, erofs->segments[i].bytes,
					erofs->segments[i].len) == 1;
	good = good && EVP_DigestFinal_ex(context, digest, NULL) == 1;
	EVP_MD_CTX_free(context);
	if (!good)
		return -1;
	memcpy(uuid, digest, 16);
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x80); /* version 8: custom */
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
	return 0;
}

static int render_super(const struct erofs *erofs, uint64_t size)
{
	struct erofs_super super = {
		.magic = htole32(EROFS_MAGIC),
		.feature_compat =
			htole32(EROFS_COMPAT_CHECKSUM | EROFS_COMPAT_MTIME),
		.block_bits = EROFS_BLOCK_BITS,
		.root_nid = htole16(EROFS_ROOT_NID),
		.inodes = htole64(erofs->n_used),
		.epoch = htole64((uint64_t)erofs->mtime),
		.blocks = htole32((uint32_t)(size / EROFS_BLOCK)),
	};
	unsigned char *block = erofs->segments[0].bytes;

	memcpy(super.volume, volume_name, sizeof(super.volume));
	if (digest_segments(erofs, super.uuid) < 0)
		return -1;
	memcpy(block, &super, sizeof(super));
	super.checksum = htole32(erofs_checksum(block));
	memcpy(block, &super, sizeof(super));
	return 0;
}

int erofs_render(struct erofs *erofs, uint64_t size, struct err *err)
{
	if (size / EROFS_BLOCK > UINT32_MAX)
		return err_set(err, ERR_MANIFEST,
			       "an image of %llu bytes cannot be mounted; "
			       "--no-index writes a plain tar",
			       (unsigned long long)size);
	for (size_t i = 0; i < erofs->n_segments; i++) {
		free(erofs->segments[i].bytes);
		erofs->segments[i].bytes = calloc(1, erofs->segments[i].len);
		if (!erofs->segments[i].bytes)
			return err_sys(err, ENOMEM, "index of the image");
	}
	for (size_t i = 0; i < erofs->n; i++)
		if (erofs->inodes[i].node->type == NODE_DIR)
			resolve_nids(erofs, &erofs->inodes[i]);
	for (size_t i = 0; i < erofs->n; i++)
		if (erofs->inodes[i].node->type != NODE_HARDLINK)
			render_inode(erofs, i);
	if (render_super(erofs, size) < 0)
		return err_sys(err, ENOMEM, "digest of the index");
	return 0;
}

const void *erofs_segment(const struct erofs *erofs, size_t segment)
{
	return erofs->segments[segment].bytes;
}
