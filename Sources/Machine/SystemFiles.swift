import Foundation

/// What the kernel tells in files, below `/proc` and `/sys`; in tests, files of a machine that is made up.
public struct SystemFiles: Sendable {
  private let contents: @Sendable (_ path: String) -> String?
  private let names: @Sendable (_ folder: String) -> [String]

  /// This machine's.
  public static let live = SystemFiles(
    contents: { try? String(contentsOfFile: $0, encoding: .utf8) },
    names: { (try? FileManager.default.contentsOfDirectory(atPath: $0)) ?? [] })

  private init(
    contents: @escaping @Sendable (String) -> String?, names: @escaping @Sendable (String) -> [String]
  ) {
    self.contents = contents
    self.names = names
  }

  /// Files by path.
  public init(_ files: [String: String]) {
    contents = { files[$0] }
    names = { folder in
      let inside = files.keys.filter { $0.hasPrefix(folder + "/") }
      return Array(Set(inside.map { String($0.dropFirst(folder.count + 1).prefix { $0 != "/" }) }))
    }
  }

  /// A file's text; nil if it cannot be read.
  public func read(_ path: String) -> String? { contents(path) }

  /// A file's text without space around it.
  public func word(_ path: String) -> String? {
    read(path)?.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// The names in a folder, in no order; none if there is no such folder.
  public func list(_ folder: String) -> [String] { names(folder) }

  /// The text after `key` and a colon, of a file with such lines.
  public func value(of key: String, in path: String) -> String? {
    let line = read(path)?.split(whereSeparator: \.isNewline).first { $0.hasPrefix(key + ":") }
    return line.map { $0.dropFirst(key.count + 1).trimmingCharacters(in: .whitespaces) }
  }
}
