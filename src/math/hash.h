/*
 * hash.h
 *		A place from 0 to 1 for a text, by which customers are held out.
 */
#ifndef ICM_HASH_H
#define ICM_HASH_H

#include <stddef.h>

/*
 * The place of a key under a salt, in [0, 1), uniform over keys and the same
 * for ever: FNV-1a of 64 bits (Fowler, Noll, Vo) over the salt, a zero byte
 * and the key, mixed by the finalizer of MurmurHash3; its 53 highest bits,
 * times 2^-53.
 */
extern double IcmHashPlace(const char *salt, size_t salt_length, const char *key, size_t key_length);

#endif							/* ICM_HASH_H */
