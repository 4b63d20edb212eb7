import Foundations

extension ReportRun {
  /// The resolved configuration, and what produced the run.
  var settingsSection: ReportSection {
    ReportSection(
      title: "Configuration and environment",
      rest: """
        \(sessionTable)\
        <details open><summary>config.yaml</summary><pre>\(configurationText)</pre></details>\
        <details><summary>Machine and libraries of the last session</summary>\(environmentTable)</details>\
        <p class="path">\(path)</p>
        """)
  }

  private var sessionTable: Markup {
    guard !sessions.isEmpty else { return "<p>The run has no environment.json.</p>" }
    let rows = sessions.map { session -> [Markup] in
      let hosts = (session["hosts"]?.elements ?? []).compactMap { $0["host"]?.string }
      let build = session["environment"]?["sluice"]
      return [
        "\(session["started_at"]?.string ?? "–")", "\(session["from_step"]?.int.map(grouped) ?? "–")",
        "\(session["ranks"]?.int.map(grouped) ?? "–")", "\(hosts.joined(separator: ", "))",
        "\(build?["version"]?.string ?? "–") \(build?["commit"]?.string?.prefix(7) ?? "")",
        "\(session["kernels"]?.string ?? "–")",
      ]
    }
    return DataTable(
      columns: [
        .init(title: "Session began", isNumber: false), .init(title: "From step"), .init(title: "Ranks"),
        .init(title: "Hosts", isNumber: false), .init(title: "Sluice", isNumber: false),
        .init(title: "Convolutions", isNumber: false),
      ], rows: rows
    ).markup
  }

  private var environmentTable: Markup {
    let rows = Self.flat(sessions.last?["environment"] ?? .null, key: "")
    return DataTable(
      columns: [.init(title: "Fact", isNumber: false), .init(title: "Value", isNumber: false)],
      rows: rows.map { ["\($0.key)", "\($0.value)"] }
    ).markup
  }

  /// The values of an object and of those in it, by path.
  private static func flat(_ value: JSONValue, key: String) -> [(key: String, value: String)] {
    switch value {
    case .object(let fields):
      fields.flatMap { flat($0.value, key: key.isEmpty ? $0.key : "\(key).\($0.key)") }
    case .text(let text): [(key, text)]
    case .null: []
    default: [(key, value.line)]
    }
  }
}
