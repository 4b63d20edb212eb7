import Machine

extension Communicator {
  /// Where all ranks run, seen from this one. Hosts are told apart by name.
  ///
  /// - Throws: `CollectiveError`.
  public func placement() throws -> Placement {
    let seat = Placement.Seat(
      hostName: hostName, cores: Placement.allowedCores(), cpuQuota: ControlGroup(.live).cpuQuota)
    return Placement(rank: rank, seats: try gatherEach(seat))
  }
}
