// Takes the telemetry of the workloads, from their identities only.

@description('Name of the component.')
@maxLength(255)
param name string

@description('Region of the component.')
param location string

@description('Tags of the component.')
param tags { *: string }

@description('Resource id of the workspace that stores the telemetry.')
param workspaceId string

@description('Object ids of the identities that send telemetry.')
param publisherPrincipalIds string[]

@description('Id of the built-in role Monitoring Metrics Publisher.')
var metricsPublisherRoleId = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  '3913510d-42f4-4e42-8a64-420c390055eb'
)

resource component 'Microsoft.Insights/components@2020-02-02' = {
  name: name
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspaceId
    IngestionMode: 'LogAnalytics'
    DisableLocalAuth: true
  }
}

resource metricsPublisher 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for principalId in publisherPrincipalIds: {
    name: guid(component.id, principalId, metricsPublisherRoleId)
    scope: component
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: metricsPublisherRoleId
    }
  }
]

@description('Where telemetry is sent. No secret: local authentication is off.')
output connectionString string = component.properties.ConnectionString
