// RUN: toeplitz-opt %s --time-kernels --verify-diagnostics

// expected-error@below {{expected a function @main, the network}}
module {
}
