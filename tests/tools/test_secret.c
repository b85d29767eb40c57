// SPDX-License-Identifier: GPL-2.0-only
/* Source "secret": what is understood, which files are taken, what is answered. */
#include "secret_test.h"
#include "sources/secret.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/*
 * In place of the C library's: nothing may be given back with a secret in it.
 * Secrets are bytes 0x5a here.
 */
static size_t unmapped_pages;

int munmap(void *addr, size_t len)
{
	const uint8_t *bytes = addr;
	size_t i;

	for (i = 0; len == (size_t)sysconf(_SC_PAGESIZE) && i < len; i++)
		assert_int_not_equal(bytes[i], 0x5a);
	unmapped_pages++;
	return (int)syscall(SYS_munmap, addr, len);
}

/* Nor is there always memory to be had. */
static int mmap_errno;

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	if (mmap_errno && len == (size_t)sysconf(_SC_PAGESIZE)) {
		errno = mmap_errno;
		return MAP_FAILED;
	}
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): there is no other way to get it */
	return (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, offset);
}

/* And disks fail; the length is that of reading a secret. */
static int read_errno;

ssize_t read(int fd, void *bytes, size_t len)
{
	if (read_errno && len == KMTIA_SECRET_MAX_LEN + 1) {
		errno = read_errno;
		return -1;
	}
	return syscall(SYS_read, fd, bytes, len);
}

/* The sanitizer makes nothing of it; this one does it. */
int mlock(const void *addr, size_t len)
{
	return (int)syscall(SYS_mlock, addr, len);
}

static int make_secrets(void **state)
{
	make_path(state);
	write_secret("one.key", 0x5a, 32, 0600);
	write_secret("two.key", 2, 1024, 0400);
	return 0;
}

/* --- Configuration --------------------------------------------------------- */

static void take(const struct config *config, struct source_answer *answer)
{
	const struct kmtia_sa sa = { .n_slots = 1, .slots = { { .bits = 160 } } };

	memset(answer, 0, sizeof(*answer));
	assert_true(config->source->ops->wants(config->source, &sa));
	config->source->ops->take(config->source, &sa, answer);
}

static void one_secret_needs_no_use(void **state)
{
	struct config *config = load_good(MANAGER "source secret { " ONE "}\n");
	struct kmtia_secret standing = { 0 };
	struct source_answer a;
	uint8_t bytes[32];

	(void)state;
	memset(bytes, 0x5a, sizeof(bytes));
	take(config, &a);
	assert_int_equal(a.status, 0);
	assert_int_equal(a.n_keys, 0);
	assert_int_equal(a.derivation, KMTIA_DERIVATION_MIX);
	assert_string_equal(a.key_id, "one");
	assert_int_equal(a.secret_len, 32);
	assert_memory_equal(a.secret, bytes, 32);
	assert_false(config->source->ops->chooses(config->source));
	assert_false(config->source->ops->standing(config->source, &standing));
	config_free(config);
}

static void everything(void **state)
{
	struct config *config = load_good(
		"control = @/sock state = \"@/use\"\n"
		"manager { uuid = \"" UUID_TEXT "\" flags = dictate grace = 60000 weight = 3 }\n"
		"source secret {\n derivation = expand\n standing = yes\n"
		" use = two\n" ONE TWO "}\n");
	struct kmtia_secret standing = { 0 };
	struct source_answer a;

	(void)state;
	assert_non_null(strstr(config->control, "/sock"));
	assert_non_null(strstr(config->state, "/use"));
	assert_int_equal(config->manager.grace_ms, 60000);
	take(config, &a);
	assert_int_equal(a.derivation, KMTIA_DERIVATION_EXPAND);
	assert_string_equal(a.key_id, "two");
	assert_int_equal(a.secret_len, 1024);
	assert_true(config->source->ops->standing(config->source, &standing));
	/* Before all that another one of our UUID may have left. */
	assert_int_equal(standing.number, 0);
	assert_int_equal(standing.derivation, KMTIA_DERIVATION_EXPAND);
	assert_string_equal(standing.key_id, "two");
	assert_int_equal(standing.secret_len, 1024);
	assert_int_equal(standing.secret[1023], 2);
	config_free(config);
}

static void another_one_is_used(void **state)
{
	struct config *config = load_good(MANAGER "source secret { use = one " ONE TWO "}\n");
	struct source_answer a;

	(void)state;
	assert_string_equal(used_secret(config), "one");
	assert_false(config->source->ops->use(config->source, "three"));
	assert_false(config->source->ops->use(config->source, ""));
	assert_string_equal(used_secret(config), "one");
	assert_true(config->source->ops->use(config->source, "two"));
	take(config, &a);
	assert_string_equal(a.key_id, "two");
	assert_int_equal(a.secret_len, 1024);
	config_free(config);
}

#define SOURCE(text) MANAGER "source secret {\n" text "}\n"
#define LONG "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define WATCHER "manager { uuid = \"" UUID_TEXT "\" flags = notify }\n"

/* "@" stands for the directory in the reason, too. */
static const struct {
	const char *text;
	int line;
	const char *reason;
} bad[] = {
	{ SOURCE(""), 3, "source secret has no secret" },
	{ SOURCE("\nsecret {\nfile = @/one.key\n}\n"), 6, "the secret has no key-id" },
	{ SOURCE("secret { key-id = one }\n"), 3, "the secret has neither file nor credential" },
	{ SOURCE("secret { key-id = one file = @/one.key credential = x }\n"), 3,
	  "the secret has file and credential too" },
	{ SOURCE("secret { key-id = one\n\n file = one.key\n}\n"), 5,
	  "file: \"one.key\" is not an absolute path" },
	{ SOURCE("secret {\n key-id = \"\" }\n"), 4, "key-id: \"\" is empty" },
	{ SOURCE("secret {\n key-id = " LONG " }\n"), 4, "key-id: \"" LONG "\" is too long" },
	{ SOURCE("secret {\n key-id = \"a\tb\" }\n"), 4,
	  "key-id: \"a\tb\" has a control character" },
	{ SOURCE("secret {\n key-id = \"a\302\205\" }\n"), 4,
	  "key-id: \"a\302\205\" has a control character" },
	{ SOURCE("secret {\n key-id = \"a\xff\" }\n"), 4, "key-id: \"a\xff\" is not UTF-8" },
	{ SOURCE("secret { key-id = one credential = a/b }\n"), 3,
	  "credential: \"a/b\" is not the name of a credential" },
	{ SOURCE("secret { key-id = one credential = .. }\n"), 3,
	  "credential: \"..\" is not the name of a credential" },
	{ SOURCE("derivation = hash\n" ONE), 3, "derivation: \"hash\" is neither mix nor expand" },
	{ SOURCE("standing = maybe\n" ONE), 3, "standing: \"maybe\" is neither true nor false" },
	{ SOURCE(ONE "standing = yes\nstanding = no\n"), 5, "standing is given twice" },
	{ SOURCE(ONE TWO), 5, "source secret has several secrets: \"use\" must say which one is "
			      "used" },
	{ SOURCE(ONE "\nuse = three\n\n" TWO), 5,
	  "use: there is no secret with the key-id \"three\"" },
	{ SOURCE("use = two\n" ONE), 3, "use: there is no secret with the key-id \"two\"" },
	{ SOURCE("use = one\n" ONE "secret {\n\nkey-id = one\nfile = @/two.key\n}\n"), 7,
	  "two secrets have the key-id \"one\"" },
	{ SOURCE(ONE "secret {\n key-id = x\n file = @/none.key\n}\n"), 6,
	  "file: @/none.key: No such file or directory" },
	{ SOURCE(ONE "on-missing = cannot\n"), 4, "source secret has no on-missing" },
	{ SOURCE(ONE "sa { spi = 1 aead = 0x00 }\n\n"), 4, "source secret has no sa" },
	{ MANAGER "source static {\n\n derivation = mix\n}\n", 4,
	  "source static has no derivation" },
	{ MANAGER "source static {\n" ONE "\n}\n", 3, "source static has no secret" },
	{ "manager {\n grace = 60001\n}\n", 2,
	  "grace: \"60001\" is not a time from 0 to 60000 milliseconds" },
	{ "control = sock\n", 1, "control: \"sock\" is not an absolute path" },
	{ "\ncontrol = /" LONG LONG "\n", 2, "control: \"/" LONG LONG "\" is too long" },
	{ "state = use\n", 1, "state: \"use\" is not an absolute path" },
	{ "state = /a\nstate = /b\n", 2, "state is given twice" },
	{ "\ncontrol = /x\n" WATCHER, 2, "control is of no use without a source secret" },
	{ WATCHER "\nstate = /x\n", 3, "state is of no use without a source secret" },
	{ MANAGER "source secret { " ONE "}\n\nstate = /x\n", 5,
	  "state is of no use without control" },
	{ WATCHER "source secret { " ONE "}\n", 1,
	  "a source is of no use without the flag dictate" },
};

/* One that does not pass: whoever starts the daemon need not try again. */
static void expect_error(const char *text, int line, const char *reason)
{
	char error[CONFIG_ERROR_SIZE], expected[CONFIG_ERROR_SIZE];
	const char *at = strchr(reason, '@');

	assert_null(load_text(text, error));
	assert_int_equal(errno, EINVAL);
	if (at)
		snprintf(expected, sizeof(expected), "%s:%d: %.*s%s%s", conf, line,
			 (int)(at - reason), reason, dir, at + 1);
	else
		snprintf(expected, sizeof(expected), "%s:%d: %s", conf, line, reason);
	assert_string_equal(error, expected);
}

static void mistakes_have_a_line(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_error(bad[i].text, bad[i].line, bad[i].reason);
}

static void too_many_secrets(void **state)
{
	static char text[8192];
	int n = sprintf(text, MANAGER "source secret {\nuse = s1\n"), i;

	(void)state;
	for (i = 0; i < SOURCE_SECRETS_MAX; i++)
		n += sprintf(text + n, "secret{key-id=s%d file=@/one.key}\n", i);
	/* The directory's name makes it longer than load_text() has room for. */
	assert_true(n < 4096);
	strcpy(text + n, "secret{key-id=more file=/x}\n}\n");
	expect_error(text, 3 + SOURCE_SECRETS_MAX + 2, "source secret has more than 64 secrets");
}

static void latin_letters_are_no_controls(void **state)
{
	(void)state;
	config_free(load_good(
		SOURCE("secret { key-id = \"\302\240\303\274\" file = @/one.key }\n")));
}

/* --- Files ----------------------------------------------------------------- */

#define FILE_SOURCE SOURCE("secret {\n key-id = x\n file = \"@/x.key\"\n}\n")

static void sizes(void **state)
{
	static const struct {
		size_t len;
		const char *reason;
	} cases[] = {
		{ 0, "file: @/x.key: has 0 bytes, a secret has at least 32" },
		{ 31, "file: @/x.key: has 31 bytes, a secret has at least 32" },
		{ 32, NULL },
		{ 1024, NULL },
		{ 1025, "file: @/x.key: is too long, a secret has at most 1024 bytes" },
		{ 2048, "file: @/x.key: is too long, a secret has at most 1024 bytes" },
	};
	struct source_answer a;
	struct config *config;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_secret("x.key", 0x5a, cases[i].len, 0600);
		if (cases[i].reason) {
			expect_error(FILE_SOURCE, 5, cases[i].reason);
			continue;
		}
		config = load_good(FILE_SOURCE);
		take(config, &a);
		assert_int_equal(a.secret_len, cases[i].len);
		config_free(config);
	}
}

/* Bytes are bytes: the end of a line is one of them. */
static void bytes_are_taken_as_they_are(void **state)
{
	struct source_answer a;
	struct config *config;

	(void)state;
	write_secret("x.key", '\n', 33, 0600);
	config = load_good(FILE_SOURCE);
	take(config, &a);
	assert_int_equal(a.secret_len, 33);
	assert_int_equal(a.secret[32], '\n');
	config_free(config);
}

static void permissions(void **state)
{
	static const mode_t refused[] = { 0640, 0604, 0620, 0602, 0610, 0644, 0666, 0444 };
	char reason[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		write_secret("x.key", 0x5a, 32, refused[i]);
		snprintf(reason, sizeof(reason), "file: @/x.key: has mode %04o, so that others may "
						 "read or write it: chmod it to 0600",
			 refused[i]);
		expect_error(FILE_SOURCE, 5, reason);
	}
	write_secret("x.key", 0x5a, 32, 0400);
	config_free(load_good(FILE_SOURCE));
}

static void owners(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(chown(write_secret("x.key", 0x5a, 32, 0600), 12345, 0), 0);
	expect_error(FILE_SOURCE, 5, "file: @/x.key: belongs to somebody else (uid 12345)");
}

static void what_is_no_file(void **state)
{
	char link[192], target[192];

	(void)state;
	snprintf(link, sizeof(link), "%s/x.key", dir);
	snprintf(target, sizeof(target), "%s/one.key", dir);
	unlink(link);
	assert_int_equal(symlink(target, link), 0);
	expect_error(FILE_SOURCE, 5, "file: @/x.key: is a symbolic link");
	unlink(link);
	assert_int_equal(mkfifo(link, 0600), 0);
	expect_error(FILE_SOURCE, 5, "file: @/x.key: not a regular file");
	unlink(link);
	assert_int_equal(mkdir(link, 0700), 0);
	expect_error(FILE_SOURCE, 5, "file: @/x.key: not a regular file");
	rmdir(link);
}

static void expect_passing(const char *reason)
{
	char error[CONFIG_ERROR_SIZE];

	assert_null(load_text(FILE_SOURCE, error));
	assert_int_equal(errno, EAGAIN);
	assert_non_null(strstr(error, ":5: file: "));
	assert_non_null(strstr(error, reason));
}

/* What may be otherwise in a while is no reason to give up. */
static void failures_that_may_pass(void **state)
{
	struct rlimit limit, none = { 0 };
	char error[CONFIG_ERROR_SIZE];

	(void)state;
	write_secret("x.key", 0x5a, 32, 0600);
	read_errno = EIO;
	expect_passing("x.key: Input/output error");
	read_errno = EACCES;
	expect_error(FILE_SOURCE, 5, "file: @/x.key: Permission denied");
	read_errno = 0;
	mmap_errno = ENOMEM;
	expect_passing("x.key: Cannot allocate memory");
	mmap_errno = 0;
	/* The configuration itself is a file, too. */
	write_config(FILE_SOURCE);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none.rlim_max = limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_null(config_load(conf, error));
	assert_int_equal(errno, EAGAIN);
	assert_non_null(strstr(error, "kmtiad.conf: Too many open files"));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	config_free(load_good(FILE_SOURCE));
	assert_null(config_load("/nonexistent", error));
	assert_int_equal(errno, EINVAL);
}

#define CREDENTIAL SOURCE("secret {\n key-id = x\n\n credential = x.key\n}\n")

static void credentials(void **state)
{
	(void)state;
	unsetenv("CREDENTIALS_DIRECTORY");
	expect_error(CREDENTIAL, 6, "credential: x.key: $CREDENTIALS_DIRECTORY is not set; the "
				    "service needs LoadCredential=");
	setenv("CREDENTIALS_DIRECTORY", "/nonexistent", 1);
	expect_error(CREDENTIAL, 6,
		     "credential: /nonexistent/x.key: No such file or directory");
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	/* As systemd makes them. */
	write_secret("x.key", 0x5a, 32, 0400);
	config_free(load_good(CREDENTIAL));
	write_secret("x.key", 0x5a, 32, 0440);
	config_free(load_good(CREDENTIAL));
	write_secret("x.key", 0x5a, 32, 0444);
	expect_error(CREDENTIAL, 6, "credential: @/x.key: has mode 0444, so that others may read "
				    "or write it: chmod it to 0600");
	write_secret("x.key", 0x5a, 32, 0460);
	expect_error(CREDENTIAL, 6, "credential: @/x.key: has mode 0460, so that others may read "
				    "or write it: chmod it to 0600");
	unsetenv("CREDENTIALS_DIRECTORY");
}

/* --- Memory ---------------------------------------------------------------- */

/* What the kernel says of the mapping that @bytes is in. */
static void vm_flags(const void *bytes, char flags[256])
{
	unsigned long from, to;
	char line[512];
	bool within = false;
	FILE *in = fopen("/proc/self/smaps", "re");

	flags[0] = '\0';
	assert_non_null(in);
	while (fgets(line, sizeof(line), in)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			within = (unsigned long)bytes >= from && (unsigned long)bytes < to;
		else if (within && !strncmp(line, "VmFlags:", 8))
			snprintf(flags, 256, "%.255s", line + 8);
	}
	fclose(in);
}

static void memory_is_locked_and_not_dumped(void **state)
{
	struct secret_memory m;
	char flags[256];

	(void)state;
	assert_true(secret_memory_get(&m));
	vm_flags(m.bytes, flags);
	assert_non_null(strstr(flags, " lo"));
	assert_non_null(strstr(flags, " dd"));
	secret_memory_wipe(&m);
	assert_null(m.bytes);
	secret_memory_wipe(&m);
}

/* munmap(), above, sees to what is in them. */
static void all_is_wiped(void **state)
{
	size_t before = unmapped_pages;
	char error[CONFIG_ERROR_SIZE];

	(void)state;
	config_free(load_good(SOURCE("use = one\n" ONE TWO)));
	assert_true(unmapped_pages >= before + 2);
	/* One that is right, before one that is not. */
	before = unmapped_pages;
	assert_null(load_text(SOURCE("use = one\n" ONE
				     "secret { key-id = x file = @/none.key }\n"),
			      error));
	assert_true(unmapped_pages >= before + 1);
	before = unmapped_pages;
	write_secret("x.key", 0x5a, 1025, 0600);
	assert_null(load_text(FILE_SOURCE, error));
	assert_true(unmapped_pages >= before + 1);
	assert_null(strstr(error, "ZZZ"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_secret_needs_no_use),
		cmocka_unit_test(everything),
		cmocka_unit_test(another_one_is_used),
		cmocka_unit_test(mistakes_have_a_line),
		cmocka_unit_test(too_many_secrets),
		cmocka_unit_test(latin_letters_are_no_controls),
		cmocka_unit_test(sizes),
		cmocka_unit_test(bytes_are_taken_as_they_are),
		cmocka_unit_test(permissions),
		cmocka_unit_test(owners),
		cmocka_unit_test(what_is_no_file),
		cmocka_unit_test(failures_that_may_pass),
		cmocka_unit_test(credentials),
		cmocka_unit_test(memory_is_locked_and_not_dumped),
		cmocka_unit_test(all_is_wiped),
	};

	return cmocka_run_group_tests_name("tools_secret", tests, make_secrets, remove_path);
}
