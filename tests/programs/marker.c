// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes a secret that a test can look for in the memory of a whole machine: its bytes are
 * computed straight into a shared mapping of the file, so that no other copy of them is ever
 * made, and are overwritten there. tests/vm/host/memory.py computes the same.
 *
 *	marker make FILE BYTES SEED
 *	marker wipe FILE
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile uint8_t *map(const char *path, size_t *len)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	struct stat st;
	void *at;

	if (fd < 0 || (*len && ftruncate(fd, *len)) || fstat(fd, &st)) {
		perror(path);
		exit(1);
	}
	*len = st.st_size;
	at = mmap(NULL, *len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) {
		perror(path);
		exit(1);
	}
	close(fd);
	return at;
}

int main(int argc, char **argv)
{
	volatile uint8_t *bytes;
	size_t len = 0, i;
	uint64_t x;

	if (argc == 5 && !strcmp(argv[1], "make")) {
		len = strtoul(argv[3], NULL, 0);
		x = strtoull(argv[4], NULL, 0);
		bytes = map(argv[2], &len);
		for (i = 0; i < len; i++) {
			x = x * 6364136223846793005u + 1442695040888963407u;
			bytes[i] = x >> 56;
		}
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "wipe")) {
		bytes = map(argv[2], &len);
		for (i = 0; i < len; i++)
			bytes[i] = 0;
		return 0;
	}
	fprintf(stderr, "usage: marker make FILE BYTES SEED | marker wipe FILE\n");
	return 2;
}
