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
  /// The same in bytes, of a line such as `VmSize:  123456 kB`, where kB are 1,024 bytes.
  public func bytes(of key: String, in path: String) -> Int? {
    value(of: key, in: path)?.split(separator: " ").first.flatMap { Int($0) }.map { $0 * 1024 }
  }

  /// The soft limit of this process that the kernel calls `name`, for example `8388608` or `unlimited`.
  public func softLimit(_ name: String) -> String? {
    let line = read("/proc/self/limits")?.split(separator: "\n").first { $0.hasPrefix(name) }
    return line?.dropFirst(name.count).split(separator: " ").first.map(String.init)
  }
}
