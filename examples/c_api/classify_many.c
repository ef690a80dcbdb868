/* Classifies any number of handwritten digits with the compiled network, in
 * several threads at once. Shows what a real-time or server program needs:
 * one network shared by all threads, memory that is allocated before the
 * work and never during it, and errors as values.
 *
 *   ./classify_many [THREADS] < images.txt
 *
 * images.txt has 64 grey levels from 0 to 16 for each image. One line is
 * written for each image: the digit, and how sure the network is of it. */

#define _POSIX_C_SOURCE 200112L /* posix_memalign */

#include "digits.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAXIMUM_THREADS = 64 };

/* The work of one thread: images first, first + step, first + 2 * step, ... */
typedef struct job {
  const float *images; /* DIGITS_IMAGE_SIZE floats for each image */
  float *scores;       /* DIGITS_FC_SIZE floats for each image */
  size_t count, first, step;
  void *workspace;
  int error;
} job;

static void *classify(void *argument) {
  job *mine = argument;
  for (size_t image = mine->first; image < mine->count && !mine->error;
       image += mine->step)
    mine->error =
        digits_run(mine->images + image * DIGITS_IMAGE_SIZE,
                   mine->scores + image * DIGITS_FC_SIZE, mine->workspace);
  return NULL;
}

/* Reads all images of the standard input. Returns NULL after saying why. */
static float *read_images(size_t *count) {
  size_t capacity = 0, length = 0;
  float *images = NULL, level;
  while (scanf("%f", &level) == 1) {
    if (length == capacity) {
      capacity = capacity ? 2 * capacity : 1024;
      float *grown = realloc(images, capacity * sizeof *images);
      if (!grown) {
        fputs("error: out of memory\n", stderr);
        free(images);
        return NULL;
      }
      images = grown;
    }
    images[length++] = level / 16;
  }
  if (!feof(stdin) || length == 0 || length % DIGITS_IMAGE_SIZE != 0) {
    fputs("error: 64 grey levels from 0 to 16 are expected for each image\n",
          stderr);
    free(images);
    return NULL;
  }
  *count = length / DIGITS_IMAGE_SIZE;
  return images;
}

static void print_digit(const float *scores) {
  int best = 0;
  float sum = 0;
  for (int digit = 1; digit < DIGITS_FC_SIZE; ++digit)
    if (scores[digit] > scores[best])
      best = digit;
  for (int digit = 0; digit < DIGITS_FC_SIZE; ++digit)
    sum += expf(scores[digit] - scores[best]);
  printf("%d %.1f %%\n", best, 100 / sum);
}

/* Runs the jobs, each in its thread. Returns an error number of the network,
 * or -1 when a thread can't be started. */
static int run_jobs(job *jobs, int threads) {
  pthread_t handles[MAXIMUM_THREADS];
  int started = 0, error = 0;
  while (started < threads &&
         pthread_create(&handles[started], NULL, classify, &jobs[started]) == 0)
    ++started;
  for (int thread = 0; thread < started; ++thread) {
    pthread_join(handles[thread], NULL);
    if (jobs[thread].error)
      error = jobs[thread].error;
  }
  return started < threads ? -1 : error;
}

int main(int argc, char **argv) {
  int threads = argc > 1 ? atoi(argv[1]) : 1;
  if (argc > 2 || threads < 1 || threads > MAXIMUM_THREADS) {
    fprintf(stderr, "usage: %s [THREADS] < images.txt\n", argv[0]);
    return 1;
  }
  size_t count = 0;
  float *images = read_images(&count);
  if (!images)
    return 1;
  float *scores = malloc(count * DIGITS_FC_SIZE * sizeof *scores);
  job jobs[MAXIMUM_THREADS] = {{NULL}};
  int enough_memory = scores != NULL;
  for (int thread = 0; thread < threads; ++thread) {
    job mine = {images,          scores, count, (size_t)thread,
                (size_t)threads, NULL,   0};
    enough_memory &=
        posix_memalign(&mine.workspace, 64, DIGITS_WORKSPACE_SIZE) == 0;
    digits_prepare(mine.workspace, DIGITS_WORKSPACE_SIZE);
    jobs[thread] = mine;
  }

  int failed = !enough_memory;
  if (failed) {
    fputs("error: out of memory\n", stderr);
  } else {
    int error = run_jobs(jobs, threads);
    failed = error != 0;
    if (failed)
      fprintf(stderr, "error: %s\n",
              error < 0 ? "a thread can't be started"
                        : digits_error_string(error));
    else
      for (size_t image = 0; image < count; ++image)
        print_digit(scores + image * DIGITS_FC_SIZE);
  }
  for (int thread = 0; thread < threads; ++thread)
    free(jobs[thread].workspace);
  free(scores);
  free(images);
  return failed;
}
