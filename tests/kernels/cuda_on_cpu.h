// Enough of CUDA C++ to run our kernels on a processor: one block at a time, its threads one after the other.
//
// Where threads wait for each other (__syncthreads, __shfl_xor_sync), each is a coroutine with a stack of its own, and
// the next one goes on. They go in ascending or in descending order: a kernel that forgets to wait gives two answers.

#include <math.h>
#include <string.h>
#include <ucontext.h>

struct Three {
    unsigned x, y, z;
};
static Three threadIdx, blockIdx, blockDim, gridDim;

#define __global__
#define __device__ static
#define __shared__ static

namespace cpu {

constexpr unsigned MOST = 256, STACK = 64 * 1024;
static ucontext_t scheduler, threads[MOST];
static char stacks[MOST][STACK];
static bool ended[MOST];
static unsigned long long slots[MOST];
static void (*work)(void **);
static void **arguments;

static void enter() {
    work(arguments);
    ended[threadIdx.x] = true;
}

static void wait() {
    const unsigned self = threadIdx.x;
    swapcontext(&threads[self], &scheduler);
    threadIdx.x = self;
}

static void run_block_waiting(bool descending) {
    for (unsigned i = 0; i < blockDim.x; ++i) {
        getcontext(&threads[i]);
        threads[i].uc_stack.ss_sp = stacks[i];
        threads[i].uc_stack.ss_size = STACK;
        threads[i].uc_link = &scheduler;
        makecontext(&threads[i], enter, 0);
        ended[i] = false;
    }
    for (bool some = true; some;) {
        some = false;
        for (unsigned turn = 0; turn < blockDim.x; ++turn) {
            const unsigned i = descending ? blockDim.x - 1 - turn : turn;
            if (ended[i]) continue;
            threadIdx.x = i;
            swapcontext(&scheduler, &threads[i]);
            some = true;
        }
    }
}

static void launch(void (*each)(void **), unsigned blocks, unsigned threads_each, bool waits, bool descending,
                   void **given) {
    work = each;
    arguments = given;
    gridDim = {blocks, 1, 1};
    blockDim = {threads_each, 1, 1};
    for (unsigned b = 0; b < blocks; ++b) {
        blockIdx = {descending ? blocks - 1 - b : b, 0, 0};
        if (waits) {
            run_block_waiting(descending);
            continue;
        }
        for (unsigned turn = 0; turn < threads_each; ++turn) {
            threadIdx.x = descending ? threads_each - 1 - turn : turn;
            work(arguments);
        }
    }
}

}  // namespace cpu

static inline void __syncthreads() { cpu::wait(); }

template <class T>
static T __shfl_xor_sync(unsigned, T value, int apart) {
    const unsigned self = threadIdx.x;
    memcpy(&cpu::slots[self], &value, sizeof value);
    cpu::wait();
    memcpy(&value, &cpu::slots[self ^ apart], sizeof value);
    cpu::wait();  // nobody writes again before all have read
    return value;
}
