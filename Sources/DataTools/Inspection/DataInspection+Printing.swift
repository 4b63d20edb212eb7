import Datasets
import Foundation
import Foundations

extension DataInspection {
  /// For a person: aligned rows, then how many images each class has.
  public var text: String {
    var rows: [(label: String, text: String)] = [("source", source)]
    rows += notes.map { ("note", $0) } + warnings.map { ("warning", $0) }
    for part in parts.values {
      let classes =
        part.classCounts.map { "of \(classNames.count) classes, \(spread($0))" } ?? "without labels"
      rows.append((part.name, "\(part.images) images \(classes)"))
      rows += part.sizes.rows
    }
    if parts.test == nil { rows.append(("test", "none: nothing can be evaluated on this data")) }
    if let mean = colors.mean, let deviation = colors.deviation {
      rows.append(
        ("mean", "\(decimals(mean)) over \(sampledImages) images; used: \(decimals(normalization.mean))"))
      rows.append(("deviation", "\(decimals(deviation)); used: \(decimals(normalization.deviation))"))
    }
    let width = (rows.map(\.label.count).max() ?? 0) + 2
    return
      (rows.map { $0.label.padding(toLength: width, withPad: " ", startingAt: 0) + $0.text } + classTable)
      .joined(separator: "\n")
  }

  /// The smallest and the largest class.
  private func spread(_ counts: [Int]) -> String {
    guard let least = counts.indices.min(by: { counts[$0] < counts[$1] }),
      let most = counts.indices.max(by: { counts[$0] < counts[$1] })
    else { return "" }
    let (few, many) = (counts[least], counts[most])
    return few == many
      ? "\(few) in each" : "from \(few) in \(classNames[least]) to \(many) in \(classNames[most])"
  }

  /// Classes with their images of each labelled part, as many beside each other as 100 columns hold.
  private var classTable: [String] {
    let labelled = parts.all.compactMap { part, value in
      value.classCounts.map { (heading: "\(part.adjective) images", counts: $0) }
    }
    guard !labelled.isEmpty else { return [] }
    let cells = classNames.indices.map { label in
      "\(classNames[label]) " + labelled.map { "\($0.counts[label])" }.joined(separator: "/")
    }
    let width = (cells.map(\.count).max() ?? 0) + 2
    let columns = max(1, 100 / width)
    let lines = stride(from: 0, to: cells.count, by: columns).map { start in
      let row = cells[start..<min(start + columns, cells.count)]
      return row.dropLast().map { $0.padding(toLength: width, withPad: " ", startingAt: 0) }.joined()
        + (row.last ?? "")
    }
    return ["", "class, " + labelled.map(\.heading).joined(separator: "/")] + lines
  }

  public var json: JSONValue {
    .object(
      keyed: [
        ("source", .text(source)), ("notes", .list(notes.map(JSONValue.text))),
        ("warnings", .list(warnings.map(JSONValue.text))), ("digest", digest.map(JSONValue.text) ?? .null),
        ("classes", .list(classNames.map(JSONValue.text))),
      ] + DataPart.allCases.map { ($0.rawValue, parts[$0].map(json) ?? .null) } + [
        ("mean", numbers(colors.mean)), ("std", numbers(colors.deviation)),
        ("sampled_images", .integer(sampledImages)),
        (
          "normalization",
          .object([
            "mean": numbers((0..<3).map { Double("\(normalization.mean[$0])") ?? .nan }),
            "std": numbers((0..<3).map { Double("\(normalization.deviation[$0])") ?? .nan }),
          ])
        ),
      ])
  }

  private func json(_ part: Part) -> JSONValue {
    .object([
      "name": .text(part.name), "images": .integer(part.images),
      "class_counts": part.classCounts.map { .list($0.map(JSONValue.integer)) } ?? .null,
      "width": range(part.sizes.widths),
      "height": range(part.sizes.heights), "below_224": .integer(part.sizes.small),
      "formats": .object(
        keyed: part.sizes.kinds.sorted { $0.key < $1.key }.map { ($0.key, .integer($0.value)) }),
      "unreadable": .integer(part.sizes.unreadable),
    ])
  }

  private func range(_ sizes: [Int: Int]) -> JSONValue {
    ImageSizes.range(sizes).map {
      .object(["min": .integer($0.least), "median": .integer($0.median), "max": .integer($0.most)])
    } ?? .null
  }

  private func numbers(_ values: [Double]?) -> JSONValue {
    values.map { .list($0.map(JSONValue.number)) } ?? .null
  }

  private func decimals(_ values: [Double]) -> String {
    values.map { String(format: "%.4f", $0) }.joined(separator: " ")
  }

  private func decimals(_ values: SIMD3<Float>) -> String { decimals((0..<3).map { Double(values[$0]) }) }
}

extension ImageSizes {
  fileprivate var rows: [(label: String, text: String)] {
    func row(_ label: String, _ sizes: [Int: Int]) -> (label: String, text: String)? {
      Self.range(sizes).map { ("  \(label)", "\($0.least) to \($0.most) pixels, median \($0.median)") }
    }
    let read = widths.values.reduce(0, +)
    var rows = [row("width", widths), row("height", heights)].compactMap(\.self)
    if small > 0 {
      rows.append(("  small", "\(small) of \(read) images have a side below \(Self.usualSide) pixels"))
    }
    if !kinds.isEmpty {
      rows.append(
        (
          "  kept as",
          kinds.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        ))
    }
    if unreadable > 0 {
      rows.append(("  unreadable", "\(unreadable), which 'sluice data verify' names"))
    }
    return rows
  }
}
