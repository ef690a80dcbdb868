# Helpers that keep the build files of the rooms to a list of sources each.

# The warnings that every source of ours is held to. LLVM's headers are system headers for us.
add_library(toeplitz_options INTERFACE)
target_include_directories(toeplitz_options INTERFACE
  ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
target_include_directories(toeplitz_options SYSTEM INTERFACE
  ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
target_compile_options(toeplitz_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Werror -Wno-unused-parameter>)

# Memory and arithmetic checked while the compiler runs. Not the runtime, which goes into what it makes, and no checks
# that need LLVM to be built the same way.
option(TOEPLITZ_SANITIZE "Build the compiler with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
if(TOEPLITZ_SANITIZE)
  set(sanitizers -fsanitize=address,undefined -fno-sanitize=vptr,function -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(toeplitz_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:${sanitizers}>)
  target_link_options(toeplitz_options INTERFACE ${sanitizers})
endif()

# toeplitz_library(NAME sources... [DEPENDS targets...] [EXCEPTIONS])
# A static library of one room. Debian's LLVM has RTTI on and exceptions off; EXCEPTIONS turns them on for rooms that use
# a library that throws.
function(toeplitz_library name)
  cmake_parse_arguments(ARG "EXCEPTIONS" "" "DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC toeplitz_options ${ARG_DEPENDS})
  if(NOT ARG_EXCEPTIONS)
    target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>)
  endif()
  if(TOEPLITZ_PCH)
    target_precompile_headers(${name} REUSE_FROM toeplitz_pch)
  endif()
endfunction()

list(GET MLIR_INCLUDE_DIRS 0 MLIR_MAIN_INCLUDE)

# toeplitz_dialect(CNN cnn): the generated headers of dialects/CNN/CNNOps.td in namespace toeplitz::cnn.
function(toeplitz_dialect name namespace)
  set(LLVM_TARGET_DEFINITIONS ${name}Ops.td)
  mlir_tablegen(${name}Dialect.h.inc -gen-dialect-decls -dialect=${namespace} -I${PROJECT_SOURCE_DIR} -I${MLIR_MAIN_INCLUDE})
  mlir_tablegen(${name}Dialect.cpp.inc -gen-dialect-defs -dialect=${namespace} -I${PROJECT_SOURCE_DIR} -I${MLIR_MAIN_INCLUDE})
  mlir_tablegen(${name}Ops.h.inc -gen-op-decls -I${PROJECT_SOURCE_DIR} -I${MLIR_MAIN_INCLUDE})
  mlir_tablegen(${name}Ops.cpp.inc -gen-op-defs -I${PROJECT_SOURCE_DIR} -I${MLIR_MAIN_INCLUDE})
  mlir_tablegen(${name}Enums.h.inc -gen-enum-decls -I${PROJECT_SOURCE_DIR} -I${MLIR_MAIN_INCLUDE})
  mlir_tablegen(${name}Enums.cpp.inc -gen-enum-defs -I${PROJECT_SOURCE_DIR} -I${MLIR_MAIN_INCLUDE})
  mlir_tablegen(${name}Attributes.h.inc -gen-attrdef-decls -attrdefs-dialect=${namespace} -I${PROJECT_SOURCE_DIR} -I${MLIR_MAIN_INCLUDE})
  mlir_tablegen(${name}Attributes.cpp.inc -gen-attrdef-defs -attrdefs-dialect=${namespace} -I${PROJECT_SOURCE_DIR} -I${MLIR_MAIN_INCLUDE})
  add_public_tablegen_target(Toeplitz${name}Generated)
endfunction()

option(TOEPLITZ_PCH "Precompile MLIR's headers" ON)
if(TOEPLITZ_PCH)
  file(WRITE ${PROJECT_BINARY_DIR}/precompiled.cpp.tmp "// Carries the precompiled header.\n")
  configure_file(${PROJECT_BINARY_DIR}/precompiled.cpp.tmp ${PROJECT_BINARY_DIR}/precompiled.cpp COPYONLY)
  add_library(toeplitz_pch STATIC ${PROJECT_BINARY_DIR}/precompiled.cpp)
  target_link_libraries(toeplitz_pch PRIVATE toeplitz_options)
  target_compile_options(toeplitz_pch PRIVATE -fno-exceptions)
  target_precompile_headers(toeplitz_pch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/Precompiled.h)
  # ccache can only share what doesn't depend on the time at which the header was precompiled.
  string(APPEND CMAKE_CXX_FLAGS " -Xclang -fno-pch-timestamp")
endif()
