import Foundation

/// Reference numbers and real images that lie outside the package, found by environment variables.
///
/// A test that needs them is marked `.enabled(if: Golden.folder("x") != nil, "\(Golden.missing("x"))")`.
public enum Golden {
  /// The folders that SLUICE_GOLDEN lists, separated by colons, as far as they exist.
  public static let roots = folders(variable: "SLUICE_GOLDEN")
  /// The folder named by SLUICE_DATA.
  public static let data = folders(variable: "SLUICE_DATA").first

  /// The folder of one case, for example `Golden.folder("knn")`, in the first of `roots` that has it; nil if none has.
  public static func folder(_ name: String) -> URL? {
    roots.lazy.compactMap { existing($0.appendingPathComponent(name)) }.first
  }

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

  private static func folders(variable: String) -> [URL] {
    let paths = ProcessInfo.processInfo.environment[variable]?.split(separator: ":") ?? []
    return paths.compactMap { existing(URL(fileURLWithPath: String($0))) }
  }

  private static func existing(_ url: URL?) -> URL? {
    url.flatMap { FileManager.default.fileExists(atPath: $0.path) ? $0 : nil }
  }
}
