// The evaluator as passes, for the tests.

#ifndef TOEPLITZ_COMPILER_REFERENCE_PASSES_TD
#define TOEPLITZ_COMPILER_REFERENCE_PASSES_TD

include "mlir/Pass/PassBase.td"

def EvaluateReference : Pass<"evaluate-reference", "::mlir::ModuleOp"> {
  let summary = "replaces function main, which has no arguments, by its value";
  let description = [{
    Evaluates `@main` with the naive evaluator (compiler/Reference) and leaves a function that returns constants: what a
    test in MLIR text can compare with numbers worked by hand. f32 is computed in double precision and the results are
    rounded, or, with `typed`, each operation's.

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
  let options = [Option<"typed", "typed", "bool", "false", "round f32 after every operation, as compiled code does">];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def FoldWithReference : Pass<"fold-with-reference", "::mlir::ModuleOp"> {
  let summary = "computes the operations of function main whose operands are known";
  let description = [{
    Replaces each operation of `@main` on constants by constants of its results, as frontends do while they import
    (compiler/Reference/Fold.h). What the evaluator doesn't know stays.

    Before:

    ```mlir
    %a = arith.constant dense<[2, 3]> : tensor<2xi64>
    %b = arith.addi %a, %a : tensor<2xi64>
    ```

    After:

    ```mlir
    %b = arith.constant dense<[4, 6]> : tensor<2xi64>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

#endif
