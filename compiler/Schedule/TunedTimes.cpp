// Measured times of algorithms, and the JSON file that holds them:
//
//   {"format": "toeplitz-tuned", "algorithms": "1 pointwise depthwise ...",
//    "layers": [{"processor": "znver4", "lanes": 16, "layer": "...",
//                "epilogue": "...", "microseconds": {"direct": 12.5}}]}

#include "compiler/Schedule/TunedTimes.h"

#include "compiler/Transforms/Epilogue.h"
#include "dialects/CNN/CNNDialect.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cmath>

using namespace mlir;
using namespace toeplitz;

static constexpr llvm::StringLiteral formatName = "toeplitz-tuned";

/// To be raised when a change of the kernels makes measured times worthless.
static constexpr int kernelRevision = 4;

/// What the measured code was made by.
static std::string getAlgorithmsVersion() {
  std::string version = std::to_string(kernelRevision);
  for (const Algorithm *algorithm : getAlgorithms())
    version += " " + algorithm->name.str();
  return version;
}

static std::string join(ArrayRef<int64_t> numbers, StringRef separator) {
  std::string text;
  for (auto [place, number] : llvm::enumerate(numbers))
    text += (place ? separator.str() : "") + std::to_string(number);
  return text.empty() ? "-" : text;
}

static std::string describeEpilogue(Operation *layer) {
  std::string text = getLayerBias(layer) ? "bias" : "";
  auto append = [&](const std::string &word) {
    text += (text.empty() ? "" : " ") + word;
  };
  Epilogue epilogue = findEpilogue(layer);
  if (epilogue.residual)
    append("residual");
  if (epilogue.activation)
    append(cnn::stringifyActivationKind(epilogue.activation.getKind()).str());
  return text.empty() ? "none" : text;
}

TuningKey toeplitz::getTuningKey(Operation *layer,
                                 ArrayRef<ConvolutionPart> parts,
                                 StringRef processor,
                                 kernel::TargetAttr target) {
  TuningKey key = {processor.str(), target.getLanes(), "",
                   describeEpilogue(layer)};
  auto shape = [&](Value value) {
    return join(cast<RankedTensorType>(value.getType()).getShape(), "x");
  };
  key.layer =
      (layer->getName().stripDialect() + " " + shape(layer->getOperand(0)) +
       " filter " + shape(layer->getOperand(1)))
          .str();
  auto describe = [&](auto op) {
    key.layer += " strides " + join(op.getStrides(), ",") + " dilations " +
                 join(op.getDilations(), ",") + " padding " +
                 join(op.getPaddingLow(), ",") + " groups " +
                 std::to_string(op.getGroups());
  };
  if (auto conv = dyn_cast<cnn::ConvOp>(layer))
    describe(conv);
  else
    describe(cast<cnn::ConvTransposeOp>(layer));
  key.layer += " result " + shape(layer->getResult(0));
  const Convolution &first = parts.front().convolution;
  ArrayRef<int64_t> haloLow = first.haloLow, haloHigh = first.haloHigh;
  if (!haloLow.empty())
    key.layer += " halo " + join(haloLow, ",") + " to " + join(haloHigh, ",");
  if (first.inputIsPlain)
    key.layer += " plain input";
  // Times of algorithms that leave out zeros depend on how many there are.
  int64_t weights =
      cast<RankedTensorType>(layer->getOperand(1).getType()).getNumElements();
  if (first.nonzeroWeights && *first.nonzeroWeights != weights)
    key.layer += " nonzero weights " + std::to_string(*first.nonzeroWeights);
  return key;
}

const LayerTimes *TunedTimes::find(const TuningKey &key) const {
  auto found = layers.find(key);
  return found == layers.end() ? nullptr : &found->second;
}

static llvm::Error readLayer(const llvm::json::Value &value,
                             llvm::StringRef where, TuningKey &key,
                             LayerTimes &times) {
  auto fail = [&](const llvm::Twine &problem) {
    return llvm::createStringError(where + ": " + problem);
  };
  const llvm::json::Object *object = value.getAsObject();
  if (!object)
    return fail("expected an object");
  for (auto [name, target] :
       {std::pair("processor", &key.processor), std::pair("layer", &key.layer),
        std::pair("epilogue", &key.epilogue)}) {
    auto text = object->getString(name);
    if (!text)
      return fail(llvm::Twine("expected a string '") + name + "'");
    *target = text->str();
  }
  auto lanes = object->getInteger("lanes");
  if (!lanes)
    return fail("expected a number 'lanes'");
  key.lanes = *lanes;
  const llvm::json::Object *measured = object->getObject("microseconds");
  if (!measured)
    return fail("expected an object 'microseconds'");
  for (const auto &[name, time] : *measured) {
    auto number = time.getAsNumber();
    if (!number || !std::isfinite(*number) || *number <= 0)
      return fail("expected a positive number for '" + name.str() + "'");
    times[name.str()] = *number;
  }
  return llvm::Error::success();
}

llvm::Expected<TunedTimes> TunedTimes::read(StringRef path) {
  auto fail = [&](const llvm::Twine &problem) {
    return llvm::createStringError("'" + path + "': " + problem);
  };
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer)
    return llvm::createStringError("cannot open '" + path +
                                   "': " + buffer.getError().message());
  auto json = llvm::json::parse((*buffer)->getBuffer());
  if (!json)
    return fail(llvm::toString(json.takeError()));
  const llvm::json::Object *object = json->getAsObject();
  if (!object || object->getString("format") != formatName)
    return fail("expected tuned times, an object with \"format\": \"" +
                formatName + "\"");
  auto version = object->getString("algorithms");
  const llvm::json::Array *layers = object->getArray("layers");
  if (!version || !layers)
    return fail("expected a string 'algorithms' and an array 'layers'");
  TunedTimes tuned;
  if (*version != getAlgorithmsVersion()) {
    tuned.stale = true;
    return tuned;
  }
  for (auto [place, value] : llvm::enumerate(*layers)) {
    TuningKey key;
    LayerTimes times;
    if (llvm::Error error = readLayer(
            value, "layers[" + std::to_string(place) + "]", key, times))
      return fail(llvm::toString(std::move(error)));
    tuned.layers[key] = std::move(times);
  }
  return tuned;
}

void TunedTimes::write(llvm::raw_ostream &stream) const {
  llvm::json::OStream json(stream, /*IndentSize=*/2);
  json.object([&] {
    json.attribute("format", formatName);
    json.attribute("algorithms", getAlgorithmsVersion());
    json.attributeArray("layers", [&] {
      for (const auto &entry : layers) {
        const TuningKey &key = entry.first;
        json.object([&] {
          json.attribute("processor", key.processor);
          json.attribute("lanes", key.lanes);
          json.attribute("layer", key.layer);
          json.attribute("epilogue", key.epilogue);
          json.attributeObject("microseconds", [&] {
            for (const auto &time : entry.second)
              json.attribute(time.first, time.second);
          });
        });
      }
    });
  });
  stream << "\n";
}
