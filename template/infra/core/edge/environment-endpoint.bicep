// Lets the application gateway reach the Container Apps environment, whose public access is off.

@description('Name of the private endpoint.')
@minLength(2)
@maxLength(64)
param name string

@description('Region of the environment and the network.')
param location string

@description('Tags of the endpoint and its zone.')
param tags { *: string }

@description('Resource id of the Container Apps environment.')
param environmentId string

@description('Network in which the names of the apps resolve.')
param virtualNetworkName string

resource virtualNetwork 'Microsoft.Network/virtualNetworks@2025-05-01' existing = {
  name: virtualNetworkName

  resource subnet 'subnets' existing = {
    name: 'edge-endpoints'
  }
}

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: 'privatelink.${location}.azurecontainerapps.io'
  location: 'global'
  tags: tags

  resource link 'virtualNetworkLinks' = {
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
}

resource endpoint 'Microsoft.Network/privateEndpoints@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    customNetworkInterfaceName: '${name}-nic'
    subnet: {
      id: virtualNetwork::subnet.id
    }
    privateLinkServiceConnections: [
      {
        name: 'environment'
        properties: {
          privateLinkServiceId: environmentId
          groupIds: [
            'managedEnvironments'
          ]
        }
      }
    ]
  }

  resource zoneGroup 'privateDnsZoneGroups' = {
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: 'environment'
          properties: {
            privateDnsZoneId: zone.id
          }
        }
      ]
    }
  }
}
