#pragma once
/*
 * cleanup: owners that free themselves when they leave scope.
 *
 * Declare an owner with its empty value and an auto_ mark; hand it over with
 * TAKE() or take_fd(), which leave the empty value behind.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define auto_free __attribute__((cleanup(cleanup_free)))
#define auto_close __attribute__((cleanup(cleanup_close)))
#define auto_fclose __attribute__((cleanup(cleanup_fclose)))
#define auto_closedir __attribute__((cleanup(cleanup_closedir)))
#define auto_of(type) __attribute__((cleanup(type##_cleanup)))

/* After type_free(struct type *): lets auto_of(type) own a struct type *. */
#define DEFINE_AUTO(type)                                                      \
	static inline __attribute__((unused)) void type##_cleanup(             \
		struct type **owner)                                           \
	{                                                                      \
		type##_free(*owner);                                           \
	}

#define TAKE(owner)                                                            \
	__extension__({                                                        \
		__typeof__(owner) taken_ = (owner);                            \
		(owner) = NULL;                                                \
		taken_;                                                        \
	})

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void cleanup_free(void *owner)
{
	free(*(void **)owner);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline void cleanup_closedir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}
