// Reading the file: see OnnxModel.h. Protocol buffers are decoded by their own
// library, with the schema of the ONNX library.

#include "compiler/Frontend/Onnx/OnnxModel.h"

#include "mlir/IR/Location.h"
#include "llvm/Support/Errc.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <fcntl.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/stubs/logging.h>
#include <onnx/onnx_pb.h>
#include <unistd.h>

using namespace mlir;

namespace toeplitz {

Location OnnxModel::getLocation() const {
  return FileLineColLoc::get(&context, path, 0, 0);
}

Location OnnxModel::getLocation(llvm::StringRef layer) const {
  return NameLoc::get(StringAttr::get(&context, layer), getLocation());
}

std::unique_ptr<OnnxModel> OnnxModel::open(llvm::StringRef path,
                                           MLIRContext &context) {
  // What is wrong is said by us, once.
  google::protobuf::SetLogHandler(nullptr);
  std::unique_ptr<OnnxModel> model(new OnnxModel(path, context));
  int file = ::open(model->path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    emitError(model->getLocation())
        << "the model can't be read: "
        << std::error_code(errno, std::generic_category()).message();
    return nullptr;
  }
  google::protobuf::io::FileInputStream stream(file);
  stream.SetCloseOnDelete(true);
  model->proto = std::make_shared<onnx::ModelProto>();
  if (!model->proto->ParseFromZeroCopyStream(&stream)) {
    InFlightDiagnostic diagnostic = emitError(model->getLocation());
    if (stream.GetErrno() != 0)
      diagnostic << "the model can't be read: "
                 << std::error_code(stream.GetErrno(), std::generic_category())
                        .message();
    else
      diagnostic << "is no ONNX model, or a damaged one (a model of more than "
                    "2 GB keeps its weights in external data)";
    return nullptr;
  }
  if (!model->proto->has_graph() || model->proto->ir_version() < 1) {
    emitError(model->getLocation())
        << "is no ONNX model: it has no graph, or no version";
    return nullptr;
  }
  return model;
}

} // namespace toeplitz
