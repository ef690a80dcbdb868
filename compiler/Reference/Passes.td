// The evaluator as a pass, for the tests.

#ifndef TOEPLITZ_COMPILER_REFERENCE_PASSES_TD
#define TOEPLITZ_COMPILER_REFERENCE_PASSES_TD

include "mlir/Pass/PassBase.td"

def EvaluateReference : Pass<"evaluate-reference", "::mlir::ModuleOp"> {
  let summary = "replaces function main, which has no arguments, by its value";
  let description = [{
    Evaluates `@main` with the naive evaluator (compiler/Reference), in double precision, and leaves a function that returns
    constants: what a test in MLIR text can compare with numbers worked by hand. The values are rounded to f32.

    Before:

    ```mlir
    func.func @main() -> tensor<1x1x3xf32> {
      %x = arith.constant dense<[[[-1.0, 0.5, 2.0]]]> : tensor<1x1x3xf32>
      %y = cnn.activation relu %x : tensor<1x1x3xf32>
      return %y : tensor<1x1x3xf32>
    }
    ```

    After:

    ```mlir
    func.func @main() -> tensor<1x1x3xf32> {
      %cst = arith.constant dense<[[[0.0, 0.5, 2.0]]]> : tensor<1x1x3xf32>
      return %cst : tensor<1x1x3xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

#endif
