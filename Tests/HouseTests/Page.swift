import Foundation

/// A page of the documentation.
struct Page: Sendable {
  /// From the checkout's root, for example `docs/contracts.md`.
  let path: String
  let text: String

  init(_ path: String) throws {
    self.path = path
    text = try String(contentsOf: Checkout.root.appendingPathComponent(path), encoding: .utf8)
  }

  /// Every page that a reader of the repository is sent to.
  static let all: [Page] = try! (["README.md", "CHANGELOG.md", "CONTRIBUTING.md"] + pagesInDocs).map(
    Page.init)

  private static var pagesInDocs: [String] {
    let folder = Checkout.root.appendingPathComponent("docs").path
    let names = try! FileManager.default.contentsOfDirectory(atPath: folder)
    return names.filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }
  }

  /// Lines outside code blocks.
  var prose: [Substring] {
    var isCode = false
    return text.split(separator: "\n", omittingEmptySubsequences: false).filter { line in
      guard line.hasPrefix("```") else { return !isCode }
      isCode.toggle()
      return false
    }
  }

  /// The words of each heading.
  var headings: [Substring] {
    prose.filter { $0.hasPrefix("#") }.map { $0.drop { $0 == "#" }.drop { $0 == " " } }
  }

  /// What a link to each heading writes behind its `#`.
  var anchors: Set<String> {
    Set(
      headings.map { heading in
        String(heading.lowercased().filter { $0.isLetter || $0.isNumber || " -_".contains($0) })
          .replacingOccurrences(of: " ", with: "-")
      })
  }

  /// The lines below the heading `title`, up to the next heading of any level.
  func section(_ title: String) -> [Substring] {
    Array(
      prose.drop { !($0.hasPrefix("#") && $0.hasSuffix(" \(title)")) }.dropFirst().prefix {
        !$0.hasPrefix("#")
      })
  }
}
