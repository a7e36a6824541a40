// Lets the network reach resources whose public access is off. Each name resolves to its endpoint inside the network only.

@export()
@description('A private endpoint of one resource of the same group. Type and name, not an id: a preview knows them beforehand.')
@sealed()
type privateEndpoint = {
  @description('Type of the resource that it reaches.')
  resourceType: string

  @description('Name of the resource that it reaches.')
  resourceName: string

  @description('Part of the resource that it reaches, such as vault or blob.')
  groupId: string

  @description('DNS zone that holds its address.')
  zone: string
}

@description('Region of the network.')
param location string

@description('Tags of the endpoints and zones.')
param tags { *: string }

@description('First part of the names of the endpoints.')
param namePrefix string

@description('Network in which the names resolve.')
param virtualNetworkName string

@description('Endpoints to make; several may share a zone.')
param endpoints privateEndpoint[]

@description('Each zone once.')
var zoneNames = union(map(endpoints, endpoint => endpoint.zone), [])

resource virtualNetwork 'Microsoft.Network/virtualNetworks@2025-05-01' existing = {
  name: virtualNetworkName

  resource subnet 'subnets' existing = {
    name: 'private-endpoints'
  }
}

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for zoneName in zoneNames: {
    name: zoneName
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (zoneName, index) in zoneNames: {
    parent: zones[index]
    name: virtualNetworkName
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: {
        id: virtualNetwork.id
      }
    }
  }
]

resource privateEndpoints 'Microsoft.Network/privateEndpoints@2025-05-01' = [
  for endpoint in endpoints: {
    name: '${namePrefix}${endpoint.resourceName}-${endpoint.groupId}'
    location: location
    tags: tags
    properties: {
      customNetworkInterfaceName: '${namePrefix}${endpoint.resourceName}-${endpoint.groupId}-nic'
      subnet: {
        id: virtualNetwork::subnet.id
      }
      privateLinkServiceConnections: [
        {
          name: endpoint.groupId
          properties: {
            privateLinkServiceId: resourceId(endpoint.resourceType, endpoint.resourceName)
            groupIds: [
              endpoint.groupId
            ]
          }
        }
      ]
    }
  }
]

resource zoneGroups 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-05-01' = [
  for (endpoint, index) in endpoints: {
    parent: privateEndpoints[index]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: endpoint.groupId
          properties: {
            privateDnsZoneId: zones[indexOf(zoneNames, endpoint.zone)].id
          }
        }
      ]
    }
  }
]
