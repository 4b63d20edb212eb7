import Foundation
import Tensors
import TestSupport

/// A folder of reference numbers: below a folder that SLUICE_GOLDEN lists, or one of ours.
public struct GoldenCase: Sendable, CustomStringConvertible {
  /// What a folder holds, told by the names of its files, so that more cases of a form can be dropped in.
  public enum Form: String, Sendable, CaseIterable {
    case ops, gate, losses, rotnet, npid, budget, flops, optim, knn, augment, magnitude, rewinding
    /// A start state, images and runs of training steps.
    case endToEnd
  }

  public let folder: URL
  public let form: Form

  public var description: String { "\(folder.deletingLastPathComponent().lastPathComponent)/\(name)" }
  public var name: String { folder.lastPathComponent }

  /// Ours, made by scripts/make_golden_fixtures.py; then those below each folder of SLUICE_GOLDEN, in order of
  /// names.
  public static let all: [GoldenCase] = folders.compactMap { folder in
    form(of: folder).map { GoldenCase(folder: folder, form: $0) }
  }

  public static func all(_ form: Form) -> [GoldenCase] { all.filter { $0.form == form } }

  /// Folders whose form nobody here knows.
  public static let unknown = folders.filter { form(of: $0) == nil }

  /// `name`.safetensors.
  public func tensors(_ name: String) throws -> SafetensorsFile {
    try SafetensorsFile(contentsOf: path("\(name).safetensors").path)
  }

  /// `name`.json.
  public func decode<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: Data(contentsOf: path("\(name).json")))
  }

  public func path(_ file: String) -> URL { folder.appendingPathComponent(file) }

  private static let fixtures = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures/golden")

  private static let folders: [URL] = ([fixtures] + Golden.roots).flatMap { root in
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
    return names.sorted().map { root.appendingPathComponent($0) }.filter(\.hasDirectoryPath)
  }

  private static func form(of folder: URL) -> Form? {
    func has(_ file: String) -> Bool {
      FileManager.default.fileExists(atPath: folder.appendingPathComponent(file).path)
    }
    if has("init.safetensors"), has("images.safetensors") { return .endToEnd }
    return Form.allCases.first { has("\($0.rawValue).safetensors") || has("\($0.rawValue).json") }
  }
}
