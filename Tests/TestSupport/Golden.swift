import Foundation

/// Reference numbers and real images that lie outside the package, found by environment variables.
///
/// A test that needs them is marked `.enabled(if: Golden.folder("x") != nil, "\(Golden.missing("x"))")`.
public enum Golden {
  /// The folder named by SLUICE_GOLDEN.
  public static let root = folder(variable: "SLUICE_GOLDEN")
  /// The folder named by SLUICE_DATA.
  public static let data = folder(variable: "SLUICE_DATA")

  /// The folder of one case, for example `Golden.folder("knn")`; nil if it is not there.
  public static func folder(_ name: String) -> URL? { existing(root?.appendingPathComponent(name)) }

  /// The folder of real images of this name; nil if it is not there.
  public static func dataFolder(_ name: String) -> URL? { existing(data?.appendingPathComponent(name)) }

  /// What a skipped test says.
  public static func missing(_ name: String, variable: String = "SLUICE_GOLDEN") -> String {
    let value = ProcessInfo.processInfo.environment[variable]
    return value.map { "\(variable)=\($0) has no folder '\(name)'" }
      ?? "'\(name)' not compared: the environment variable \(variable) is not set"
  }

  /// A JSON file whose root is an object.
  public static func json(_ url: URL) throws -> [String: Any] {
    let root = try JSONSerialization.jsonObject(with: Data(contentsOf: url))
    guard let object = root as? [String: Any] else { throw CocoaError(.fileReadCorruptFile) }
    return object
  }

  private static func folder(variable: String) -> URL? {
    guard let path = ProcessInfo.processInfo.environment[variable], !path.isEmpty else { return nil }
    return existing(URL(fileURLWithPath: path))
  }

  private static func existing(_ url: URL?) -> URL? {
    url.flatMap { FileManager.default.fileExists(atPath: $0.path) ? $0 : nil }
  }
}
