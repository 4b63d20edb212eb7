import Foundations
import Networks

// How a target time fits a network and the table of what its channels take.
extension Configuration {
  /// What a table of this network's times is of.
  public var latencySubject: LatencyTable.Subject {
    LatencyTable.Subject(
      family: network.family, depth: network.depth, width: network.width, inputSize: network.inputSize,
      denseMACs: MACs(backbone.blueprint).dense, group: gates.rule.group)
  }

  /// Why the network cannot be trained to the target time; nil: it can, or the target is no time.
  var latencyConflict: ConfigurationError? {
    guard gates.enabled, let milliseconds = gates.target.milliseconds else { return nil }
    let target = "gates.target \(gates.target.text)"
    guard let table = gates.latencyTable else {
      return .conflict(
        "\(target) needs a table of what open channels take: measure it with 'sluice bench latency CONFIG --write FILE', "
          + "and set gates.latency_table to FILE")
    }
    let sites = backbone.blueprint.gates
    guard table.subject == latencySubject, table.gates.map(\.name) == sites.map(\.name),
      table.gates.map(\.channels) == sites.map(\.channels)
    else {
      return .conflict(
        "gates.latency_table is of a \(table.subject), and the network is a \(latencySubject): measure this one with "
          + "'sluice bench latency'")
    }
    let (closed, open) = (table.fixed, min(table.cost.allOpen, table.dense))
    guard 1000 * milliseconds > closed, 1000 * milliseconds <= open else {
      return .conflict(
        "\(target) is out of reach: by gates.latency_table an image takes \(decimals(closed / 1000, 3)) ms with every "
          + "channel closed, and no budget is needed above \(decimals(open / 1000, 3)) ms")
    }
    return nil
  }
}
