import Collectives
import Foundations
import Layers

extension KernelTable: MeasuredTable {
  public static let command = "sluice bench kernels --write"

  public init(items: [String]) throws(ItemProblem) {
    try self.init(items: items, backends: .linked)
  }

  /// Reads on rank 0 what `write` wrote, for all.
  ///
  /// - Parameter allowingBF16: Whether convolutions may be computed in bf16.
  /// - Throws: The same `AgreedFailure` on every rank.
  init(contentsOf path: String, allowingBF16: Bool, on communicator: Communicator) throws {
    try self.init(contentsOf: path, on: communicator) { table in
      if !allowingBF16, table.uses(.bf16) {
        throw ConfigurationError.conflict(
          "\(path) chooses bf16 for some convolutions, which 'precision: f32' does not allow: set "
            + "precision to bf16, or measure without")
      }
    }
  }
}
