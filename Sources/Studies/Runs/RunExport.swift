import Configurations
import Foundation
import Foundations

/// Runs as a table for other programs: a row a run, with the values of its configuration.
public struct RunExport: Sendable {
  /// What a table can be written as.
  public enum Form: String, CaseIterable, Sendable {
    case csv, json
  }

  private let rows: [[(key: String, value: JSONValue)]]
  private let keys: [String]
  /// What is not in it, one sentence each.
  public let notes: [String]
  public var count: Int { rows.count }

  public init(_ selection: RunSelection) throws {
    let configurations = try RunSearch.pool().map(selection.runs.count) { number in
      Result { () throws(ConfigurationError) in try selection.runs[number].configuration().printedValues }
    }
    rows = zip(selection.runs, configurations).map { run, configuration in
      run.fields + ((try? configuration.get()) ?? []).map { ($0.key, JSONValue(printed: $0.value)) }
    }
    // Objectives have keys of their own: a run has no value for those of another.
    let present = Set(rows.flatMap { $0.map(\.key) })
    keys =
      (rows.first?.prefix { $0.key != "data.source" }.map(\.key) ?? [])
      + Configuration.keyNames.filter(present.contains)
    let unreadable = configurations.compactMap {
      if case .failure(let error) = $0 { "\(error)" } else { nil }
    }
    notes =
      selection.notes
      + (unreadable.first.map {
        ["\(counted(unreadable.count, "run")) without configuration, which cannot be read, the first: \($0)"]
      } ?? [])
  }

  public func data(as form: Form) -> Data {
    switch form {
    case .csv: Data(csv.utf8)
    case .json: Data((JSONValue.object(["runs": .list(rows.map { .object(keyed: $0) })]).line + "\n").utf8)
    }
  }

  private var csv: String {
    var csv = CSV(titles: keys)
    for row in rows {
      let cells = Dictionary(uniqueKeysWithValues: row.map { ($0.key, $0.value.cell) })
      csv.append(keys.map { cells[$0] ?? "" })
    }
    return csv.text
  }
}
