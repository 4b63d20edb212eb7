import Foundation
import Foundations
import Networks
import ONNXMessages
import SwiftProtobuf
import Tensors

/// Writes a backbone without heads for other programs, once what was written computes what the backbone computes.
public struct BackboneExport {
  private let backbone: any Backbone
  private let copy: () -> any Backbone
  private let metadata: [String: String]
  private let original: Original?
  private let check: ExportCheck

  /// The larger network that a compact one comes from, whose features the file must give.
  public struct Original {
    let backbone: any Backbone
    let gateChannels: [[Int]]
    let metadata: [String: String]

    /// - Parameters:
    ///   - gateChannels: Of each gate, the channels that the compact network has.
    ///   - metadata: What others would know of it.
    public init(_ backbone: any Backbone, gateChannels: [[Int]], metadata: [String: String]) {
      self.backbone = backbone
      self.gateChannels = gateChannels
      self.metadata = metadata
    }
  }

  /// - Parameters:
  ///   - original: nil: the backbone itself.
  ///   - copy: Makes a backbone of the same network, with any weights.
  ///   - metadata: What others should know of it, as keys and texts.
  ///   - pool: Threads that the backbone computes on.
  /// - Throws: What the backbone throws.
  public init(
    _ backbone: any Backbone, of original: Original? = nil, copy: @escaping () -> any Backbone,
    metadata: [String: String], pool: WorkerPool
  ) throws {
    self.backbone = backbone
    self.copy = copy
    self.metadata = metadata
    self.original = original
    check = try ExportCheck(
      of: original?.backbone ?? backbone, gateChannels: original?.gateChannels, pool: pool)
  }

  /// Writes the file, replacing what is there.
  ///
  /// It is written under a temporary name, read back and computed with; only then it gets its own name.
  ///
  /// - Throws: `UnwritableFile`, `ExportError`; what was at `path` is as it was.
  public func write(to path: String, as format: ExportFormat) throws -> ExportReport {
    let data = try Self.encode(backbone, metadata, as: format)
    let staged = try StagedFile(data, for: path)
    let agreement: ExportCheck.Agreement
    do {
      guard try staged.readBack() == data else { throw ExportError.notReadBack(path: path) }
      agreement = try check.agreement(of: try outcome(of: data, format), in: path)
    } catch {
      staged.discard()
      throw error
    }
    try staged.commit()
    return ExportReport(
      path: path, format: format, bytes: data.count, digest: DurableFiles.digest(data),
      tensors: NetworkTensors(backbone).shapes.count, features: backbone.blueprint.featureCount,
      agreement: agreement,
      compaction: try original.map { original in
        let before = try Self.encode(original.backbone, original.metadata, as: format)
        return ExportReport.Compaction(
          before: .init(original.backbone, bytes: before.count), after: .init(backbone, bytes: data.count),
          innerChannels: backbone.blueprint.innerChannels)
      })
  }

  private static func encode(
    _ backbone: any Backbone, _ metadata: [String: String], as format: ExportFormat
  ) throws -> Data {
    let entries = NetworkTensors(backbone).entries
    return switch format {
    case .safetensors: Safetensors.encode(entries, metadata: metadata)
    case .onnx:
      try ONNXModelProto(backbone.blueprint, tensors: entries, metadata: metadata).serializedData()
    }
  }

  /// Writes the images that exports are checked with, and the backbone's features of them, for the same check in other
  /// programs.
  ///
  /// - Throws: `UnwritableFile`.
  public func writeSamples(to path: String) throws(UnwritableFile) {
    try DurableFiles.replace(path, by: Safetensors.encode(check.samples))
  }

  /// What a program makes of the check's images that has nothing but the file.
  private func outcome(of data: Data, _ format: ExportFormat) throws -> BackboneOutcome {
    switch format {
    case .safetensors:
      let (file, reader) = (try SafetensorsFile(data, path: ""), copy())
      try BackboneInFile(file, for: reader).load(into: reader)
      return try check.outcome(of: reader)
    case .onnx: return try check.outcome(of: ONNXInterpreter(data))
    }
  }
}
