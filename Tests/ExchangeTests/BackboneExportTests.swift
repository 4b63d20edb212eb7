import Foundation
import Foundations
import Layers
import ONNXMessages
import TestSupport
import Tensors
import Testing

@testable import Exchange

/// What is written computes what the backbone computes, or is not written.
@Suite struct BackboneExportTests {
  static func export(_ made: MadeBackbone, seed: UInt64 = 1) throws -> BackboneExport {
    try BackboneExport(
      made.make(seed: seed), copy: { made.make(seed: seed + 1) }, metadata: ["width": "8"],
      pool: MadeBackbone.pool)
  }

  @Test(arguments: MadeBackbone.all, ExportFormat.allCases)
  func agreesWithTheBackbone(_ made: MadeBackbone, _ format: ExportFormat) throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("backbone.\(format)").path
      let report = try Self.export(made).write(to: path, as: format)
      #expect(report.agreement.largestDifference < 1e-6)
      #expect(report.agreement.undecided == 0 && report.agreement.images == 8)
      #expect(report.bytes == FileManager.default.contents(atPath: path)?.count)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["backbone.\(format)"])
    }
  }

  /// Otherwise equal masks would say little.
  @Test func gatesDecideForEachImage() throws {
    let check = try ExportCheck(of: MadeBackbone().make(seed: 1), pool: MadeBackbone.pool)
    let outcome = try check.outcome(of: MadeBackbone().make(seed: 1))
    let masks = outcome.logits.map { logits in
      let columns = logits.count / 8
      return Set((0..<8).map { image in logits[image * columns..<(image + 1) * columns].map { $0 >= 0 } })
    }
    #expect(masks.count { $0.count > 1 } > 2)
  }

  /// The backbone of a checkpoint that was read wrongly, say.
  @Test func aFileThatGivesOtherFeaturesIsNotWritten() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("backbone.onnx").path
      try Data("old".utf8).write(to: URL(fileURLWithPath: path))
      let backbone = MadeBackbone(gated: false).make(seed: 1)
      let export = try BackboneExport(
        backbone, copy: { MadeBackbone(gated: false).make(seed: 2) }, metadata: [:], pool: MadeBackbone.pool)
      backbone.batchNorms[3].runningMean[0] += 0.1
      let error = #expect(throws: ExportError.self) { try export.write(to: path, as: .onnx) }
      #expect("\(error!)".contains("was not written: the features that it gives differ"))
      #expect(throws: ExportError.self) { try export.write(to: path, as: .safetensors) }
      #expect(FileManager.default.contents(atPath: path) == Data("old".utf8))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["backbone.onnx"])
    }
  }

  @Test func aGateMayDecideOtherwiseOnlyByRounding() throws {
    let check = try ExportCheck(of: MadeBackbone().make(seed: 1), pool: MadeBackbone.pool)
    let expected = try check.outcome(of: MadeBackbone().make(seed: 1))
    // The closest decision of the first image, taken otherwise; the features of that image then do not count.
    var (logits, features) = (expected.logits, expected.features)
    logits[0][0] = expected.logits[0][0] >= 0 ? -1e-7 : 1e-7
    features[0] += 1
    let found = BackboneOutcome(features: features, logits: logits)
    #expect(throws: ExportError.self) { try check.agreement(of: found, in: "x") }

    let close = MadeBackbone().make(seed: 1)
    let excite = close.parameters.first { $0.name == "layer1.0.gate.3.weight" }!
    let weights = excite.array
    excite.array = weights.map { $0 * 1e-7 }
    let closeCheck = try ExportCheck(of: close, pool: MadeBackbone.pool)
    let outcome = try closeCheck.outcome(of: close)
    var turned = outcome.logits
    turned[0][0] = -turned[0][0]
    var others = outcome.features
    others[0] += 1
    let agreement = try closeCheck.agreement(of: .init(features: others, logits: turned), in: "x")
    #expect(agreement.undecided == 1 && agreement.largestDifference == 0)
  }

  @Test func samplesAreTheImagesAndTheirFeatures() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("samples.safetensors").path
      try Self.export(MadeBackbone()).writeSamples(to: path)
      let file = try SafetensorsFile(contentsOf: path)
      #expect(file.shape(of: "images") == [8, 3, 8, 8] && file.shape(of: "features") == [8, 64])
      let images = try file.floats("images").map(Double.init)
      #expect(abs(images.reduce(0, +) / Double(images.count)) < 0.2)
    }
  }

  @Test func theONNXFileSaysWhatItIs() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("backbone.onnx").path
      _ = try Self.export(MadeBackbone()).write(to: path, as: .onnx)
      let model = try ONNXModelProto(serializedBytes: Data(contentsOf: URL(fileURLWithPath: path)))
      #expect(model.metadataProps.map { [$0.key, $0.value] } == [["width", "8"]])
      let shape = model.graph.input[0].type.tensorType.shape.dim
      #expect(shape[0].dimParam == "N" && shape[2].dimValue == 8)
      #expect(model.graph.node.contains { $0.name == "layer2.0.downsample.0" })
      #expect(model.graph.initializer.contains { $0.name == "layer1.0.gate.1.running_var" })
    }
  }
}
