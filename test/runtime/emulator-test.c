/* Exercises the emulation of GPUs with kernels written by hand, right ones and
 * wrong ones; prints how many hold what is said of them, and ends with status 1
 * at the first that doesn't. */

#include "check.h"
#include "runtime/gpu.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 96, BLOCKS = 5, SIZE = THREADS * BLOCKS };

/* Kernels get y, and compute y[block][thread]. */
static int32_t *own_result(const uint64_t *values) {
  return (int32_t *)(uintptr_t)values[0] + toeplitz_emulated_block() * THREADS +
         toeplitz_emulated_thread();
}

static int32_t *shared_word(int32_t index) {
  return toeplitz_emulated_shared((uint64_t)index * sizeof(int32_t));
}

static void write_shared(int32_t index, int32_t value) {
  toeplitz_emulated_access(shared_word(index), sizeof(int32_t), 1);
  *shared_word(index) = value;
}

static int32_t read_shared(int32_t index) {
  toeplitz_emulated_access(shared_word(index), sizeof(int32_t), 0);
  return *shared_word(index);
}

/* ---- Kernels that are right ---- */

/* Each thread reads what the one that mirrors it has written, many times. */
static void exchange(const uint64_t *values) {
  int32_t thread = toeplitz_emulated_thread(), sum = 0;
  for (int32_t round = 0; round < 10; ++round) {
    write_shared(thread, round * 1000 + thread);
    toeplitz_emulated_barrier();
    sum += read_shared(THREADS - 1 - thread);
    toeplitz_emulated_barrier();
  }
  *own_result(values) = sum;
}

static int32_t exchanged(int32_t index) {
  return 45 * 1000 + 10 * (THREADS - 1 - index % THREADS);
}

/* A digit for each mode, of a lane that differs from thread to thread. */
static void shuffle(const uint64_t *values) {
  int32_t thread = toeplitz_emulated_thread();
  uint32_t value = (uint32_t)thread;
  uint32_t idx = toeplitz_emulated_shuffle(0, value, (value + 5) % 64);
  uint32_t up = toeplitz_emulated_shuffle(1, value, 3);
  uint32_t down = toeplitz_emulated_shuffle(2, value, value % 8);
  uint32_t butterfly = toeplitz_emulated_shuffle(3, value, 17);
  *own_result(values) =
      (int32_t)(idx + 100 * up + 10000 * down + 1000000 * butterfly);
}

static int32_t shuffled(int32_t index) {
  int32_t thread = index % THREADS, lane = thread % 32, warp = thread - lane;
  int32_t idx = warp + (thread + 5) % 32;
  int32_t up = lane < 3 ? thread : thread - 3;
  int32_t down = lane + thread % 8 > 31 ? thread : thread + thread % 8;
  int32_t butterfly = warp + (lane ^ 17);
  return idx + 100 * up + 10000 * down + 1000000 * butterfly;
}

/* All read what one has written; no two write the same byte of a word. */
static void share_bytes(const uint64_t *values) {
  int32_t thread = toeplitz_emulated_thread();
  char *byte = toeplitz_emulated_shared((uint64_t)thread);
  toeplitz_emulated_access(byte, 1, 1);
  *byte = (char)thread;
  toeplitz_emulated_barrier();
  toeplitz_emulated_access(toeplitz_emulated_shared(7), 1, 0);
  *own_result(values) = *(char *)toeplitz_emulated_shared(7);
}

static int32_t seven(int32_t index) { return (void)index, 7; }

/* Nobody has written: the bytes are 255 in each block, although the one before
 * has written there. */
static void read_unwritten(const uint64_t *values) {
  int32_t thread = toeplitz_emulated_thread();
  *own_result(values) = *shared_word(thread);
  *shared_word(thread) = 1;
}

static int32_t minus_one(int32_t index) { return (void)index, -1; }

/* A product of matrices with ones on a diagonal, in the middle of other work:
 * of TF32 numbers, the left factor has element (r, r % 8), the right one is r +
 * 1 in row r. Each lane adds up its four results, with 1000 in each sum. */
static void product(const uint64_t *values) {
  int32_t thread = toeplitz_emulated_thread(), lane = thread % 32;
  float numbers[10] = {0};
  uint32_t words[10];
  numbers[0] = numbers[1] = lane / 4 == lane % 4;
  numbers[2] = numbers[3] = lane / 4 == lane % 4 + 4;
  numbers[4] = (float)(lane % 4 + 1);
  numbers[5] = (float)(lane % 4 + 5);
  for (int32_t i = 6; i < 10; ++i)
    numbers[i] = 1000;
  memcpy(words, numbers, sizeof words);
  write_shared(thread, thread);
  toeplitz_emulated_mma(TOEPLITZ_MMA_TF32, words);
  toeplitz_emulated_barrier();
  memcpy(numbers, words, sizeof words);
  *own_result(values) =
      (int32_t)(numbers[6] + numbers[7] + numbers[8] + numbers[9]) +
      read_shared(THREADS - 1 - thread);
}

static int32_t multiplied(int32_t index) {
  int32_t thread = index % THREADS, row = thread % 32 / 4;
  return 4000 + 4 * (row + 1) + THREADS - 1 - thread;
}

/* Each thread copies what its neighbour reads, three at a time and each into a
 * place of its own: the oldest has arrived when it waits for all but the two
 * last groups, and the others are NaNs until then. Of the last one it gives
 * half, and zeros follow. */
enum { PIECE = 16, STAGES = 3, STEPS = 7 };

static const int32_t source[STEPS][4] __attribute__((aligned(PIECE))) = {
    {1, 2, 3, 4},     {5, 6, 7, 8},     {9, 10, 11, 12}, {13, 14, 15, 16},
    {17, 18, 19, 20}, {21, 22, 23, 24}, {25, 26, 27, 28}};

static int32_t *place_of(int32_t thread, int32_t step) {
  return shared_word((step % STAGES * THREADS + thread) * 4);
}

static void begin_copy(int32_t step) {
  int32_t *to = place_of(toeplitz_emulated_thread(), step);
  if (step < STEPS) {
    toeplitz_emulated_access(to, PIECE, 1);
    toeplitz_emulated_copy(to, source[step], PIECE,
                           step + 1 == STEPS ? PIECE / 2 : PIECE);
  }
  toeplitz_emulated_commit();
}

static void copy_ahead(const uint64_t *values) {
  int32_t thread = toeplitz_emulated_thread(), sum = 0, early = 0;
  for (int32_t step = 0; step + 1 < STAGES; ++step)
    begin_copy(step);
  for (int32_t step = 0; step < STEPS; ++step) {
    early += place_of(thread, step)[0] == -1;
    toeplitz_emulated_wait(STAGES - 2);
    toeplitz_emulated_barrier();
    begin_copy(step + STAGES - 1);
    const int32_t *piece = place_of((thread + 1) % THREADS, step);
    toeplitz_emulated_access(piece, PIECE, 0);
    for (int32_t i = 0; i < 4; ++i)
      sum += piece[i];
  }
  *own_result(values) = 1000 * early + sum;
}

/* 1 to 26. */
static int32_t copied(int32_t index) {
  return (void)index, 1000 * STEPS + 26 * 27 / 2;
}

/* Each lane writes a row of eight numbers that say where they are, in an order
 * of its own, and names another lane's. */
static void load_matrices(const uint64_t *values) {
  int32_t thread = toeplitz_emulated_thread(), lane = thread % 32;
  int32_t place = thread / 32 * 32 + (lane * 5 + 3) % 32;
  uint16_t *row = toeplitz_emulated_shared((uint64_t)place * PIECE);
  uint32_t words[4], sum = 0;
  for (int32_t column = 0; column < 8; ++column)
    row[column] = (uint16_t)(lane * 8 + column);
  toeplitz_emulated_load_matrices(row, words);
  for (uint32_t matrix = 0; matrix < 4; ++matrix) {
    uint32_t first = 8 * (8 * matrix + (uint32_t)lane / 4) + lane % 4 * 2;
    sum += words[matrix] == (first | (first + 1) << 16);
  }
  *own_result(values) = (int32_t)sum;
}

static int32_t four(int32_t index) { return (void)index, 4; }

/* ---- Kernels that are wrong ---- */

/* Thread 40 of block 2 reads its neighbour's word too soon. */
static void race(const uint64_t *values) {
  int32_t thread = toeplitz_emulated_thread();
  write_shared(thread, thread);
  int is_hasty = toeplitz_emulated_block() == 2 && thread == 40;
  if (is_hasty)
    *own_result(values) = read_shared(39);
  toeplitz_emulated_barrier();
  *own_result(values) = read_shared(thread);
}

/* Thread 3 writes what all others have read. */
static void write_after_read(const uint64_t *values) {
  int32_t thread = toeplitz_emulated_thread();
  if (thread == 0)
    write_shared(0, 1);
  toeplitz_emulated_barrier();
  *own_result(values) = read_shared(0);
  if (thread == 3)
    write_shared(0, 2);
}

static void divergent_barrier(const uint64_t *values) {
  if (toeplitz_emulated_thread() != 50)
    toeplitz_emulated_barrier();
  *own_result(values) = 0;
}

static void divergent_shuffle(const uint64_t *values) {
  if (toeplitz_emulated_thread() != 70)
    toeplitz_emulated_shuffle(0, 1, 0);
  toeplitz_emulated_barrier();
  *own_result(values) = 0;
}

static void different_shuffles(const uint64_t *values) {
  int32_t thread = toeplitz_emulated_thread();
  *own_result(values) =
      (int32_t)toeplitz_emulated_shuffle(thread == 9 ? 1 : 0, 1, 0);
}

/* The last warp's lanes are where others shuffle. */
static void divergent_product(const uint64_t *values) {
  uint32_t words[10] = {0};
  if (toeplitz_emulated_thread() < 80)
    toeplitz_emulated_mma(TOEPLITZ_MMA_TF32, words);
  else
    words[0] = toeplitz_emulated_shuffle(0, 1, 0);
  *own_result(values) = (int32_t)words[0];
}

static void different_products(const uint64_t *values) {
  uint32_t words[10] = {0};
  int is_odd = toeplitz_emulated_thread() == 33;
  toeplitz_emulated_mma(is_odd ? TOEPLITZ_MMA_F16 : TOEPLITZ_MMA_BF16, words);
  *own_result(values) = 0;
}

static void beyond(const uint64_t *values) {
  toeplitz_emulated_access(shared_word(THREADS), sizeof(int32_t), 0);
  *own_result(values) = 0;
}

static void far_beyond(const uint64_t *values) {
  *own_result(values) = *shared_word(THREADS + 1);
}

static void hidden_barrier(const uint64_t *values) {
  toeplitz_emulated_barrier();
  *own_result(values) = (int32_t)toeplitz_emulated_shuffle(0, 1, 0);
}

/* Waits for a group, which the last copy is in none of. */
static void forget_copy(const uint64_t *values) {
  begin_copy(0);
  if (toeplitz_emulated_thread() == 11)
    toeplitz_emulated_copy(place_of(11, 1), source[1], PIECE, PIECE);
  toeplitz_emulated_wait(0);
  *own_result(values) = 0;
}

static void copy_anywhere(const uint64_t *values) {
  toeplitz_emulated_copy(place_of(0, 0), source[0] + 1, PIECE, PIECE);
  *own_result(values) = 0;
}

/* What arrives is seen by others behind a barrier. */
static void read_neighbours_copy(const uint64_t *values) {
  int32_t thread = toeplitz_emulated_thread();
  begin_copy(0);
  toeplitz_emulated_wait(0);
  const int32_t *piece = place_of((thread + 1) % THREADS, 0);
  toeplitz_emulated_access(piece, PIECE, 0);
  *own_result(values) = piece[0];
}

static void load_anywhere(const uint64_t *values) {
  uint32_t words[4];
  toeplitz_emulated_load_matrices(shared_word(1), words);
  *own_result(values) = 0;
}

static void divergent_load(const uint64_t *values) {
  uint32_t words[4] = {0};
  if (toeplitz_emulated_thread() < 40)
    toeplitz_emulated_load_matrices(shared_word(0), words);
  *own_result(values) = (int32_t)words[0];
}

/* ---- Running them ---- */

enum {
  SHARED = THREADS * sizeof(int32_t),
  PIECES = THREADS * PIECE,
  STAGED = STAGES * PIECES
};

typedef struct test_case {
  toeplitz_gpu_kernel kernel;
  int32_t (*expected)(int32_t index); /* NULL when it fails */
  int status;
  const char *message;
} test_case;

static const test_case cases[] = {
    {{"exchange", THREADS, SHARED, exchange, 1, 0, NULL}, exchanged, 0, ""},
    {{"shuffle", THREADS, 0, shuffle, 1, 0, NULL}, shuffled, 0, ""},
    {{"share_bytes", THREADS, SHARED, share_bytes, 1, 0, NULL}, seven, 0, ""},
    {{"read_unwritten", THREADS, SHARED, read_unwritten, 0, 0, NULL},
     minus_one,
     0,
     ""},
    {{"product", THREADS, SHARED, product, 1, 0, NULL}, multiplied, 0, ""},
    {{"copy_ahead", THREADS, STAGED, copy_ahead, 1, 0, NULL}, copied, 0, ""},
    {{"load_matrices", THREADS, PIECES, load_matrices, 1, 0, NULL},
     four,
     0,
     ""},
    {{"race", THREADS, SHARED, race, 1, 0, NULL},
     NULL,
     TOEPLITZ_GPU_RACE,
     "kernel 'race', block 2: threads 39 and 40 race for byte 156 of shared "
     "memory"},
    {{"write_after_read", THREADS, SHARED, write_after_read, 1, 0, NULL},
     NULL,
     TOEPLITZ_GPU_RACE,
     "kernel 'write_after_read', block 0: threads 0 and 3 race for byte 0 of "
     "shared memory"},
    {{"divergent_barrier", THREADS, 0, divergent_barrier, 1, 0, NULL},
     NULL,
     TOEPLITZ_GPU_ERROR,
     "kernel 'divergent_barrier', block 0: thread 0 waits at a barrier, but "
     "thread 50 has ended"},
    {{"divergent_shuffle", THREADS, 0, divergent_shuffle, 1, 0, NULL},
     NULL,
     TOEPLITZ_GPU_ERROR,
     "kernel 'divergent_shuffle', block 0: thread 64 waits in a shuffle, but "
     "thread 70 waits at a barrier"},
    {{"different_shuffles", THREADS, 0, different_shuffles, 1, 0, NULL},
     NULL,
     TOEPLITZ_GPU_ERROR,
     "kernel 'different_shuffles', block 0: thread 0 waits in a shuffle, but "
     "thread 9 waits in one of another kind"},
    {{"divergent_product", THREADS, 0, divergent_product, 1, 0, NULL},
     NULL,
     TOEPLITZ_GPU_ERROR,
     "kernel 'divergent_product', block 0: thread 64 waits in a product of "
     "matrices, but thread 80 waits in a shuffle"},
    {{"different_products", THREADS, 0, different_products, 1, 0, NULL},
     NULL,
     TOEPLITZ_GPU_ERROR,
     "kernel 'different_products', block 0: thread 32 waits in a product of "
     "matrices, but thread 33 waits in one of another kind"},
    {{"forget_copy", THREADS, STAGED, forget_copy, 1, 0, NULL},
     NULL,
     TOEPLITZ_GPU_ERROR,
     "kernel 'forget_copy', block 0: thread 11 has ended, but not waited for "
     "what it copies"},
    {{"copy_anywhere", THREADS, STAGED, copy_anywhere, 1, 0, NULL},
     NULL,
     TOEPLITZ_GPU_ERROR,
     "kernel 'copy_anywhere', block 0, thread 0 copies 16 of 16 bytes, "
     "expected "
     "at most as many, and addresses that are multiples of their number"},
    {{"read_neighbours_copy", THREADS, STAGED, read_neighbours_copy, 1, 0,
      NULL},
     NULL,
     TOEPLITZ_GPU_RACE,
     "kernel 'read_neighbours_copy', block 0: threads 0 and 1 race for byte 16 "
     "of shared memory"},
    {{"hidden_copy", THREADS, STAGED, copy_anywhere, 0, 0, NULL},
     NULL,
     TOEPLITZ_GPU_ERROR,
     "kernel 'hidden_copy' has threads that wait for copies, but isn't "
     "described so"},
    {{"load_anywhere", THREADS, SHARED, load_anywhere, 1, 0, NULL},
     NULL,
     TOEPLITZ_GPU_ERROR,
     "kernel 'load_anywhere', block 0, thread 0 loads the row of a matrix that "
     "doesn't begin at a multiple of 16 bytes"},
    {{"divergent_load", THREADS, SHARED, divergent_load, 1, 0, NULL},
     NULL,
     TOEPLITZ_GPU_ERROR,
     "kernel 'divergent_load', block 0: thread 32 waits in a load of matrices, "
     "but thread 40 has ended"},
    {{"half_a_warp", THREADS - 16, 0, shuffle, 1, 0, NULL},
     NULL,
     TOEPLITZ_GPU_ERROR,
     "kernel 'half_a_warp', block 0: thread 64 waits in a shuffle, but its "
     "warp has 16 threads, expected 32"},
    {{"beyond", THREADS, SHARED, beyond, 0, 0, NULL},
     NULL,
     TOEPLITZ_GPU_ERROR,
     "kernel 'beyond', block 0, thread 0 touches 4 bytes at 384 of shared "
     "memory, of which it has 384"},
    {{"far_beyond", THREADS, SHARED, far_beyond, 0, 0, NULL},
     NULL,
     TOEPLITZ_GPU_ERROR,
     "kernel 'far_beyond', block 0, thread 0: byte 388 of shared memory, of "
     "which it has 384"},
    {{"hidden_barrier", THREADS, 0, hidden_barrier, 0, 0, NULL},
     NULL,
     TOEPLITZ_GPU_ERROR,
     "kernel 'hidden_barrier' has threads that wait for each other, but isn't "
     "described so"},
};

enum { CASES = sizeof cases / sizeof *cases };

/* The kernel that the next run launches, after another one. */
static int32_t chosen;
/* How often it was launched. */
static int32_t launches;

static void launch_chosen(toeplitz_gpu_queue *queue, void *arena,
                          const void *weights, const void *const *inputs,
                          void *const *outputs) {
  uint64_t values[] = {(uintptr_t)outputs[0]};
  (void)arena, (void)weights, (void)inputs;
  ++launches;
  toeplitz_gpu_launch(queue, chosen, BLOCKS, values, 1);
  toeplitz_gpu_launch(queue, chosen, 0, values, 1);
}

static const int64_t shape[] = {SIZE};
static const toeplitz_tensor result = {"y", 1, TOEPLITZ_INT32, shape};
static toeplitz_gpu_kernel kernels[CASES];
static const toeplitz_gpu_program program = {
    NULL, 80, 0, CASES, 0, kernels, NULL, 0, 0, launch_chosen, NULL, 0, 0};
static const toeplitz_network network = {
    .name = "cases",
    .output_count = 1,
    .outputs = &result,
    .missing_feature = toeplitz_missing_feature,
    .gpu = &program,
    .create = toeplitz_gpu_create,
    .threads_destroy = toeplitz_gpu_destroy};

static void check_case(toeplitz_pool *pool, int32_t index) {
  const test_case *tested = &cases[index];
  int32_t y[SIZE] = {4711};
  void *outputs[] = {y};
  chosen = index;
  int status = toeplitz_network_run(&network, pool, NULL, outputs, NULL);
  const char *message = toeplitz_gpu_error(pool);
  if (status != tested->status || strcmp(message, tested->message) != 0) {
    printf("FAILED: %s: found %d, '%s', expected %d, '%s'\n",
           tested->kernel.name, status, message, tested->status,
           tested->message);
    exit(1);
  }
  for (int32_t element = 0; tested->expected && element < SIZE; ++element)
    CHECK(y[element] == tested->expected(element));
  CHECK(tested->expected || y[0] == 4711);
}

static void *check_all_cases(void *pool) {
  for (int32_t index = 0; index < CASES; ++index)
    check_case(pool, index);
  return NULL;
}

/* Twice: what is wrong leaves nothing behind, and a handle belongs to no
 * thread. */
static void check_cases(void) {
  toeplitz_pool *pool;
  for (int32_t index = 0; index < CASES; ++index)
    kernels[index] = cases[index].kernel;
  CHECK(toeplitz_gpu_create(&network, 0, &pool) == TOEPLITZ_SUCCESS);
  CHECK(launches == 0);
  check_all_cases(pool);
  pthread_t other;
  CHECK(pthread_create(&other, NULL, check_all_cases, pool) == 0);
  pthread_join(other, NULL);
  toeplitz_gpu_destroy(pool);
  printf("%d kernels, right and wrong\n", (int)CASES);
}

int main(void) {
  check_cases();
  return 0;
}
