# ONNX's schema in C++, from Debian's libonnx-dev: a library of protocol buffers, which comes without a CMake package.
find_path(TOEPLITZ_ONNX_INCLUDE onnx/onnx_pb.h REQUIRED)
find_library(TOEPLITZ_ONNX_PROTO onnx_proto REQUIRED)
add_library(Toeplitz::onnx INTERFACE IMPORTED)
target_include_directories(Toeplitz::onnx SYSTEM INTERFACE ${TOEPLITZ_ONNX_INCLUDE})
# As Debian builds the library.
target_compile_definitions(Toeplitz::onnx INTERFACE ONNX_ML=1 ONNX_NAMESPACE=onnx)
target_link_libraries(Toeplitz::onnx INTERFACE ${TOEPLITZ_ONNX_PROTO} protobuf::libprotobuf)
