@export()
@description('A user-assigned identity of a workload.')
@sealed()
type identity = {
  @description('Resource id, for the resource that uses the identity.')
  resourceId: string

  @description('Client id, with which the workload asks for its tokens.')
  clientId: string

  @description('Object id in the directory, for role assignments.')
  principalId: string
}

@export()
@description('Somebody who gets a role.')
@sealed()
type principal = {
  @description('Object id in the directory.')
  principalId: string

  @description('Kind of directory object; without it the assignment fails while a new identity is not yet replicated.')
  principalType: 'ServicePrincipal' | 'User'
}

@export()
@description('The identity of a workload as somebody who gets a role.')
func workloadPrincipal(workload identity) principal => {
  principalId: workload.principalId
  principalType: 'ServicePrincipal'
}
