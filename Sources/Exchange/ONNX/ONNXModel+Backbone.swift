import Foundation
import Networks
import ONNXMessages
import Tensors
import Version

extension ONNXModelProto {
  /// Operators as of ONNX 1.12, which runtimes have known since 2022.
  private static let (fileVersion, operatorVersion) = (Int64(8), Int64(17))

  /// A backbone as an ONNX file has it: `images` `[N, 3, S, S]`, normalised, to `features` `[N, D]`, N as the caller
  /// chooses.
  ///
  /// Batch norms are nodes of their own and weights keep their names, so that a person finds what checkpoints have.
  /// Gates decide for each image, as in evaluation. The logits of a gate are the value `ONNXNames.logits`.
  ///
  /// - Parameters:
  ///   - tensors: The backbone's (`NetworkTensors.entries`).
  ///   - metadata: Free text.
  init(_ blueprint: Blueprint, tensors: [Safetensors.Entry], metadata: [String: String]) {
    self.init()
    irVersion = Self.fileVersion
    opsetImport = [.with { $0.version = Self.operatorVersion }]
    producerName = "sluice"
    producerVersion = Version.number
    metadataProps = metadata.sorted { $0.key < $1.key }.map { key, value in
      .with { ($0.key, $0.value) = (key, value) }
    }
    var nodes = ONNXNodes()
    nodes.add(blueprint)
    graph = .with {
      $0.name = "backbone"
      $0.node = nodes.all
      $0.initializer =
        tensors.map { .init(name: $0.name, shape: $0.shape, data: $0.data) }
        + (blueprint.gates.isEmpty ? [] : [nodes.zero])
      $0.input = [.init(ONNXNames.images, [nil, 3, blueprint.inputSize, blueprint.inputSize])]
      $0.output = [.init(ONNXNames.features, [nil, blueprint.featureCount])]
    }
  }
}

/// Values of the graph that others look at.
enum ONNXNames {
  static let images = "images"
  static let features = "features"

  /// `[N, C, 1, 1]`, of what a gate decides.
  static func logits(ofGate name: String) -> String { "\(name).3" }
}

extension ONNXTensorProto {
  /// - Parameter data: Floats, little-endian, row-major.
  init(name: String, shape: [Int], data: Data) {
    self.init()
    self.name = name
    dims = shape.map(Int64.init)
    dataType = Int32(DataType.float.rawValue)
    rawData = data
  }
}

extension ONNXValueInfoProto {
  /// Floats.
  ///
  /// - Parameter shape: nil: as many as the caller has images.
  fileprivate init(_ name: String, _ shape: [Int?]) {
    self.init()
    self.name = name
    type.tensorType = .with {
      $0.elemType = Int32(ONNXTensorProto.DataType.float.rawValue)
      $0.shape.dim = shape.map { size in
        .with { $0.value = size.map { .dimValue(Int64($0)) } ?? .dimParam("N") }
      }
    }
  }
}
