/* A clock for tests: preloaded into a server, it moves the time of day by what a file says, at every reading.
 *
 * The file has three 64-bit integers: nanoseconds added to the time of day; nanoseconds added to every clock (time that is
 * as if it had passed); and nanoseconds a second by which the time of day runs fast since then (negative: slow). libfaketime
 * does not reach background workers: they are forked in a signal handler, while its own flag says "do not fake".
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct offsets {
	volatile int64_t wall;
	volatile int64_t all;
	volatile int64_t rate;
	volatile int64_t since; /* of CLOCK_BOOTTIME, nanoseconds: since when it runs at that rate */
};

static const struct offsets *offsets;

#define SECOND INT64_C(1000000000)

__attribute__((constructor)) static void map(void)
{
	const char *path = getenv("VIOC_TEST_CLOCK");
	int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (file >= 0)
	{
		void *mapped = mmap(NULL, sizeof(struct offsets), PROT_READ, MAP_SHARED, file, 0);

		offsets = mapped == MAP_FAILED ? NULL : mapped;
		close(file);
	}
}

static int64_t nanoseconds(clockid_t clock)
{
	struct timespec now;

	syscall(SYS_clock_gettime, clock, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

static int64_t moved(clockid_t clock)
{
	int64_t now = nanoseconds(clock);

	if (!offsets)
		return now;
	switch (clock)
	{
		case CLOCK_REALTIME:
		case CLOCK_REALTIME_COARSE:
			if (offsets->rate)
				now += (nanoseconds(CLOCK_BOOTTIME) - offsets->since) / 1000000 * offsets->rate / 1000;
			return now + offsets->wall + offsets->all;
		case CLOCK_MONOTONIC:
		case CLOCK_MONOTONIC_COARSE:
		case CLOCK_MONOTONIC_RAW:
		case CLOCK_BOOTTIME:
			return now + offsets->all;
		default:
			return now;
	}
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
	int64_t now;

	if (clock < 0 || clock > CLOCK_BOOTTIME)
		return (int) syscall(SYS_clock_gettime, clock, at);
	now = moved(clock);
	at->tv_sec = now / SECOND;
	at->tv_nsec = now % SECOND;
	return 0;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
	int64_t now = moved(CLOCK_REALTIME);

	(void) zone;
	at->tv_sec = now / SECOND;
	at->tv_usec = now % SECOND / 1000;
	return 0;
}

time_t time(time_t *at)
{
	time_t now = moved(CLOCK_REALTIME) / SECOND;

	if (at)
		*at = now;
	return now;
}
